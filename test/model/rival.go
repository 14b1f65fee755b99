package main

// A rival stands for all other bookings, with all that may go wrong with them. What concerns a booking is only that others
// take seats while these are free, and that they sell and free no seats but their own. So a rival does that, and nothing
// else; and what is found with it holds beside any number of bookings.

// rivals is what a rival has seats by.
const rivals uint8 = 2

// rivalAction is something that a rival does with a seat, or that happens to its hold.
type rivalAction struct {
	name string
	how  manner // no hold is for ever
	do   func(s *state, t *seat) bool
}

var rivalActions = []rivalAction{
	{"books", 0, func(s *state, t *seat) bool {
		return t.free() && s.event != eventCancelled && set(t, seat{state: seatHeld, by: rivals})
	}},
	{"hears of its payment", 0, func(_ *state, t *seat) bool {
		return t.by == rivals && t.state == seatHeld && set(&t.until, untilForever)
	}},
	{"buys", fair, func(_ *state, t *seat) bool {
		return t.by == rivals && t.state == seatHeld && set(t, seat{state: seatSold, by: rivals})
	}},
	{"lets go", fair, func(_ *state, t *seat) bool { return t.by == rivals && set(t, seat{}) }},
	{"has its hold pass", fair, func(_ *state, t *seat) bool {
		return t.by == rivals && t.state == seatHeld && t.until == untilFuture && set(&t.until, untilPast)
	}},
}
