// Package boxoffice is the vocabulary of a system that sells reserved seats: its things (an event, a ticket, a booking, a
// payment), their states, the errors, and the interfaces by which the other packages reach each other. It depends on the
// standard library alone, and everything else may depend on it.
//
// # One booking's story
//
// A buyer looks at an [Event], which is one showing of a title at a venue, and at its [Ticket] rows, one for each seat.
// With POST /book the seats change hands in one Postgres transaction ([BookingStore.HoldSeats]): row locks in a fixed
// order, all seats or none. The buyer now has a [Booking] in state [BookingHeld] with a deadline.
//
// At once, in the background, one durable Temporal workflow is started for the booking. It never decides who gets a seat:
// the rows do. It makes sure that the booking comes to its right end. It looks at the rows ([Situation]), a pure function
// names what comes next ([Situation.Next]), and it takes that step; then it looks again. While there is nothing to do it
// waits for a signal (a payment, a cancellation) or for the deadline. A signal carries nothing: it says "look".
//
// The buyer pays on the provider's page. Each visit to that page is a [PaymentAttempt], stored with all its parameters
// before the provider hears of it, so that no crash can lose track of a page on which money may arrive. The provider's
// webhook writes a payment row, makes the hold endless, and nudges the workflow, which turns held seats into sold ones
// ([BookingStore.ConfirmSeats]), issues the admissions and the PDF, and mails them: [BookingCompleted].
//
// If nobody pays, the deadline closes the payment page first and frees the seats afterwards: [BookingExpired]. Whatever
// cannot end in a ticket ends in a refund: [BookingRefunding], then [BookingRefunded].
//
// To follow it in the code, read api/bookings.go, bookings/bookings.go, workflows/booking.go, activities/booking.go,
// postgres/seats.go and tickets/pdf.go, in this order.
package boxoffice
