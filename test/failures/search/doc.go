// Package search holds the system against a search server that is away, or has lost its index. Each test names the row of
// docs/reliability.md that it proves.
package search
