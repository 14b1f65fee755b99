package main

// rules are what the protocol rests on. All of them hold in the code; a named run drops some, to show what each keeps out.
type rules struct {
	fence           bool // an act that names an old epoch is refused
	refence         bool // a run that was refused takes its first step again
	guard           bool // every act judges again what it was decided on, in its own transaction
	compensateOnce  bool // refunding, refund rows, seats freed: one transaction
	cancelCloses    bool // a cancel writes closing_at with its reason
	cancelEnds      bool // a cancel with nothing open or paid also sets cancelled
	paidIsOpen      bool // a paid attempt keeps a cancel from freeing the seats
	surplusIsOpen   bool // and so does a surplus without a refund row, and it keeps a closed checkout from being released
	extendMovesHold bool // extend moves held_until with the deadline
	holdIsOwned     bool // a checkout opens, and a hold is extended, only while all its seats are still held by it
	holdOutlasts    bool // a checkout moves held_until behind the session's own end
	paidBlocks      bool // no further attempt opens once one is paid
	oneLive         bool // at most one attempt is live
	pageGuard       bool // a page's address is handed out only while its attempt is live and its booking open
	closeFirst      bool // closing_at and the closed page come before a release
	surplusApart    bool // a payment beside a live or paid attempt, or of another amount, is a surplus
	surplusTold     bool // a run is told that a payment is a surplus
	surplusRefused  bool // the acts that sell refuse a surplus
	refundCheck     bool // no more is asked back than came in
	returnFrees     bool // tickets that are given back are void, and their seats free, with the refund's row
	returnRefunds   bool // and the refund's row is written with them
	refundLookup    bool // the provider is asked whether it has the refund before it is told to make it
	sweepUnsettled  bool // the sweep also takes final bookings of which something is open
	sweepRestarts   bool // the sweep may start an ID again
}

// asBuilt are the rules of the code.
func asBuilt() rules {
	return rules{
		fence: true, refence: true, guard: true, compensateOnce: true, cancelCloses: true, cancelEnds: true, paidIsOpen: true,
		surplusIsOpen: true, extendMovesHold: true, holdIsOwned: true, holdOutlasts: true, paidBlocks: true, oneLive: true,
		pageGuard: true, closeFirst: true, surplusApart: true, surplusTold: true, surplusRefused: true, refundCheck: true,
		returnFrees: true, returnRefunds: true, refundLookup: true, sweepUnsettled: true, sweepRestarts: true,
	}
}

// config is one run of the model: how much there is, what may go wrong, which rules hold, and what must be found.
type config struct {
	name   string
	expect string // the invariants that must be seen broken, in the order of the table; "": none

	wants    [2][]int // the seats that each booking wants
	rival    bool     // the second booking is a rival: see rivalActions
	attempts int      // of each booking, at most
	ghosts   uint8    // workers that stall, are presumed dead, and go on
	losses   uint8    // runs that are lost: terminated, failed, reset, or gone with Temporal's store
	stalls   bool     // a ghost may come of a run that goes on, its step given to another worker; not only of a lost one
	repeats  bool     // a worker may die after a commit, and its step is taken again
	late     bool     // the provider may take money on a page that it has called closed
	odd      bool     // the provider may take another amount than ours
	bank     bool     // refunds may take their time, be refused, or be sent back days later
	cancels  bool     // the event may be cancelled
	returns  bool     // buyers may give tickets back
	planned  bool     // what is designed and not built: sales are refunded with their event
	rules    rules
}

// real is how many bookings are more than a rival.
func (c *config) real() int {
	if c.rival {
		return 1
	}
	return len(c.wants)
}
