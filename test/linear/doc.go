// Package linear holds what buyers were told against one order of events. Clients hold, extend, let go of and pay for the same
// seats while processes are killed; each call is written down with its times and its answer; and porcupine, a checker of
// linearizability, looks for an order in which every answer is right.
package linear
