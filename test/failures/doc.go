// Package failures holds the system against what fails underneath it: the database, Temporal, the network, clocks and secrets. Each test names the row of docs/reliability.md that it proves.
package failures
