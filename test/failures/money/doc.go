// Package money holds the system against refunds in great number, and against money that moves where it does not see it. Each test names the row of
// docs/reliability.md that it proves.
package money
