// Package e2e tests the whole system across processes: the program as it is deployed, started by boxoffice dev, with
// nothing of it in the test's own process. Its one dependency is that program; it buys over HTTP, reads Postgres and
// Temporal with their own clients, and kills what it wants to see come back.
//
// BOXOFFICE_BIN names the program to test; without it, it is built.
package e2e
