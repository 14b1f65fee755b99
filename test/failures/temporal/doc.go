// Package temporal holds the system against a Temporal, and workers, that are slow, away, lost or wrong. Each test names the row of
// docs/reliability.md that it proves.
package temporal
