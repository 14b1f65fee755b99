// Package e2e tells the stories of buyers on the whole system (see package stack): they buy, contend, leave, cancel and pay
// late, while the payment provider and the mail server fail and while processes are killed at chosen points. What happens to
// the servers underneath is in package failures, what happens by chance in package chaos.
package e2e
