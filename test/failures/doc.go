// Package failures holds the system against what fails underneath it: the database, the network, clocks and secrets. Each test
// names the row of docs/reliability.md that it proves. What else fails has packages of its own below, which run beside it.
package failures
