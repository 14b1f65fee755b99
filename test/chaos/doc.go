// Package chaos lets chance decide what fails and when: kills at any moment, and payments in the very second of the deadline.
// What is left must keep every promise.
package chaos
