package linear

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"math/rand/v2"
	"net/http"
	"time"

	"github.com/boxoffice/boxoffice/internal/buyer"
	"github.com/boxoffice/boxoffice/internal/pause"
	"github.com/boxoffice/boxoffice/test/stack"
)

// client is a buyer who wants seats that others want too, one hold after the other, and does with them what comes to mind.
type client struct {
	stack.Customer
	number int
	choose *rand.Rand
	hall   *hall
	left   []booked         // to themselves
	spare  []stack.Customer // names to go on under
	*record
}

// becomeAnother goes on under another name after a hold whose answer got lost, so that each name has lost one at most: what
// became of that is found out in the end.
func (c *client) becomeAnother() error {
	if len(c.spare) == 0 {
		return fmt.Errorf("client %d has no name left", c.number)
	}
	c.Customer, c.spare, c.left = c.spare[0], c.spare[1:], nil
	return nil
}

// tries is how often a client repeats a call whose answer got lost, under the same key.
const tries = 4

// buy goes on until ctx ends. What it has begun it brings to an end.
func (c *client) buy(ctx context.Context) error {
	for pause.For(ctx, c.moment(100*time.Millisecond)) {
		if err := c.once(context.WithoutCancel(ctx)); err != nil {
			return err
		}
	}
	return nil
}

func (c *client) moment(most time.Duration) time.Duration {
	return time.Duration(c.choose.Int64N(int64(most)))
}

// once holds seats, and goes on from there.
func (c *client) once(ctx context.Context) error {
	if len(c.left) > 0 && c.choose.IntN(2) == 0 {
		one := c.left[c.choose.IntN(len(c.left))]
		if err := c.read(ctx, one.call(read), one.bookingID); err != nil {
			return err
		}
	}
	wanted := c.hall.anyBlock(c.choose)
	held := call{act: hold, block: wanted.number, claim: c.newClaim()}
	for held.seats == [blockSize]bool{} {
		for i := range held.seats {
			held.seats[i] = c.choose.IntN(2) == 0
		}
	}
	booking, how, err := c.do(ctx, held, "/book", wanted.named(held.seats))
	if err != nil || how != done {
		return err
	}
	mine := booked{booking.ID, held}
	c.hall.remember(mine)
	if err := c.dwell(ctx, mine); err != nil {
		return err
	}
	switch c.choose.IntN(6) {
	case 0: // it goes away, and the hold lapses
		c.left = append(c.left, mine)
		return nil
	case 1, 2:
		return c.pay(ctx, mine)
	default:
		return c.letGo(ctx, mine)
	}
}

// dwell looks at a hold and extends it, a few times or never.
func (c *client) dwell(ctx context.Context, mine booked) error {
	for c.choose.IntN(3) == 0 {
		pause.For(ctx, c.moment(holdTime/2))
		if err := c.read(ctx, mine.call(read), mine.bookingID); err != nil {
			return err
		}
		if _, _, err := c.do(ctx, mine.call(extend), "/bookings/"+mine.bookingID+"/extend", nil); err != nil {
			return err
		}
	}
	pause.For(ctx, c.moment(holdTime/4))
	return nil
}

// do makes a call under a key of its own, and writes it down. A call whose answer got lost is repeated: done, it was done
// once, by whichever try; refused, an earlier try may still have had its effect.
func (c *client) do(ctx context.Context, what call, path string, body any) (booking buyer.Booking, how verdict, err error) {
	began, key := c.now(), fmt.Sprintf("%s-%d-%d", what.act, what.claim, c.choose.Uint64())
	for try := 1; ; try++ {
		last := c.now()
		said, err := c.Ask(ctx, http.MethodPost, path, key, body)
		switch {
		case err == nil && said.Status < http.StatusMultipleChoices:
			err = json.Unmarshal(said.Body, &booking)
			c.note(c.number, what, began, answer{verdict: done, deadline: c.since(booking.HoldExpiresAt)})
			return booking, done, err
		case err == nil && said.Status < http.StatusInternalServerError:
			a, err := c.hall.refusal(what, said.Body)
			c.note(c.number, what, last, a)
			if err == nil && try > 1 {
				err = c.lose(what, began)
			}
			return booking, refused, err
		case err == nil && said.Status != http.StatusServiceUnavailable:
			return booking, lost, fmt.Errorf("%s: answered %d %s", path, said.Status, said.Body)
		case try == tries || c.choose.IntN(3) == 0:
			return booking, lost, c.lose(what, began)
		}
		pause.For(ctx, 100*time.Millisecond+c.moment(500*time.Millisecond))
	}
}

// lose writes down a call whose answer got lost.
func (c *client) lose(what call, began int64) error {
	if what.act != hold {
		c.note(c.number, what, began, answer{})
		return nil
	}
	c.noteLostHold(c.ID, c.number, what, began)
	return c.becomeAnother()
}

// read looks at a booking. An answer that got lost tells nothing.
func (c *client) read(ctx context.Context, what call, bookingID string) error {
	began := c.now()
	booking, err := c.Booking(ctx, bookingID)
	if err == nil {
		c.note(c.number, what, began, answer{verdict: done, status: booking.Status})
		return nil
	}
	return unlessLost(err)
}

// unlessLost is nil where an answer got lost, or was to try again.
func unlessLost(err error) error {
	problem, answered := errors.AsType[*buyer.Problem](err)
	if answered && problem.Status != http.StatusServiceUnavailable {
		return err
	}
	return nil
}

// letGo cancels a hold, some of them with an open payment page, which must be closed first.
func (c *client) letGo(ctx context.Context, mine booked) error {
	if c.choose.IntN(4) == 0 {
		if _, err := c.Checkout(ctx, mine.bookingID); unlessClosed(err) != nil {
			return err
		}
	}
	began := c.now()
	ctx, cancel := context.WithTimeout(ctx, endPatience)
	defer cancel()
	for {
		booking, err := c.Cancel(ctx, mine.bookingID)
		if err == nil && booking.Status == "cancelled" {
			c.note(c.number, mine.call(release), began, answer{verdict: done})
			return nil
		}
		if err == nil {
			return c.awaitEnd(ctx, mine.call(release), began, mine.bookingID, "cancelled")
		}
		if problem, answered := errors.AsType[*buyer.Problem](err); answered && problem.Status == http.StatusConflict {
			return c.awaitEnd(ctx, mine.call(release), began, mine.bookingID, "cancelled")
		}
		if unlessLost(err) != nil {
			return err
		}
		if !pause.For(ctx, c.moment(500*time.Millisecond)) {
			return fmt.Errorf("booking %s is not let go: %w", mine.bookingID, errors.Join(ctx.Err(), err))
		}
	}
}

// unlessClosed is unlessLost where a booking may be over.
func unlessClosed(err error) error {
	if problem, answered := errors.AsType[*buyer.Problem](err); answered && problem.Status == http.StatusConflict {
		return nil
	}
	return unlessLost(err)
}

// pay pays, and waits for the tickets. Who finds no page to pay at has done nothing.
func (c *client) pay(ctx context.Context, mine booked) error {
	page, err := c.openPage(ctx, mine.bookingID)
	if err != nil || page == "" {
		return err
	}
	if c.choose.IntN(4) == 0 {
		pause.For(ctx, c.moment(2*holdTime)) // too late, perhaps
	}
	began := c.now()
	if _, err := c.Pay(ctx, page, c.Email, stack.GoodCard); err != nil {
		if _, closed := errors.AsType[*buyer.PageClosed](err); closed {
			return nil
		}
		return err
	}
	return c.awaitEnd(ctx, mine.call(confirm), began, mine.bookingID, "completed")
}

// openPage gives the payment page, or none where the booking is over.
func (c *client) openPage(ctx context.Context, bookingID string) (page string, err error) {
	ctx, cancel := context.WithTimeout(ctx, endPatience)
	defer cancel()
	for {
		checkout, err := c.Checkout(ctx, bookingID)
		if err == nil || unlessLost(err) != nil {
			return checkout.URL, unlessClosed(err)
		}
		if !pause.For(ctx, c.moment(500*time.Millisecond)) {
			return "", fmt.Errorf("the page of booking %s does not open: %w", bookingID, errors.Join(ctx.Err(), err))
		}
	}
}

// endPatience is how long a booking may take to its end amid kills.
const endPatience = 90 * time.Second

// awaitEnd waits for the end of a booking, and writes down whether it is the one that the call was for.
func (c *client) awaitEnd(ctx context.Context, what call, began int64, bookingID, wished string) error {
	ctx, cancel := context.WithTimeout(ctx, endPatience)
	defer cancel()
	for {
		booking, err := c.Booking(ctx, bookingID)
		switch {
		case err == nil && booking.Status == wished:
			c.note(c.number, what, began, answer{verdict: done})
			if what.act == confirm {
				c.hall.sell(what)
			}
			return nil
		case err == nil && (booking.Status == "expired" || booking.Status == "cancelled" || booking.Status == "refunded"):
			c.note(c.number, what, began, answer{verdict: refused})
			return nil
		case err != nil && unlessLost(err) != nil:
			return err
		}
		if !pause.For(ctx, 100*time.Millisecond) {
			return fmt.Errorf("booking %s is %s, and was to be %s: %w", bookingID, booking.Status, wished, ctx.Err())
		}
	}
}
