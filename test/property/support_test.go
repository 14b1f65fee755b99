package property

import (
	"context"
	"fmt"
	"time"

	"github.com/boxoffice/boxoffice"
	"github.com/boxoffice/boxoffice/bookings"
	"pgregory.net/rapid"
)

var _ boxoffice.SupportDesk = store{}

func (s store) SupportExtend(ctx context.Context, act boxoffice.SupportAct, by time.Duration) error {
	return tell(ctx, "store", "SupportExtend", func() error { return s.realStore.SupportExtend(ctx, act, by) })
}

func (s store) SupportRelease(ctx context.Context, act boxoffice.SupportAct) error {
	return tell(ctx, "store", "SupportRelease", func() error { return s.realStore.SupportRelease(ctx, act) })
}

func (s store) SupportCancel(ctx context.Context, act boxoffice.SupportAct, terms boxoffice.SupportTerms) error {
	return tell(ctx, "store", "SupportCancel", func() error { return s.realStore.SupportCancel(ctx, act, terms) })
}

func (s store) SupportRefund(ctx context.Context, act boxoffice.SupportAct, amount int64) error {
	return tell(ctx, "store", "SupportRefund", func() error { return s.realStore.SupportRefund(ctx, act, amount) })
}

// helping is an act of support on a booking, under a key of its own.
func (w *world) helping(name string, b booking, do func(ctx context.Context, s *bookings.Service, act boxoffice.SupportAct) error, answered func()) *task {
	act := boxoffice.SupportAct{
		Key: newID(w.tb), BookingID: b.ID, Actor: "anna", ActorID: w.title, Verified: true, Reason: "It helps.", // of nobody who buys
	}
	return w.request("support's "+name+" of "+w.name(b.ID), func(ctx context.Context, s *bookings.Service) (func(), error) {
		return answered, do(ctx, s, act)
	})
}

// supportExtend holds the seats longer.
func (w *world) supportExtend(b booking) *task {
	return w.helping("extension", b, func(ctx context.Context, s *bookings.Service, act boxoffice.SupportAct) error {
		_, err := s.ExtendHold(ctx, act, 7*time.Minute)
		return err
	}, nil)
}

// supportRelease lets go of a hold.
func (w *world) supportRelease(b booking) *task {
	return w.helping("release", b, func(ctx context.Context, s *bookings.Service, act boxoffice.SupportAct) error {
		_, err := s.ReleaseHold(ctx, act)
		return err
	}, func() { w.cancelled[b.ID] = true })
}

// supportCancel ends a booking or gives tickets of it back, on support's terms. All of it, it never is a sale again.
func (w *world) supportCancel(b booking, terms boxoffice.SupportTerms) *task {
	name := fmt.Sprintf("cancellation (%d tickets, %d %% kept)", len(terms.TicketIDs), terms.KeepPercent)
	return w.helping(name, b, func(ctx context.Context, s *bookings.Service, act boxoffice.SupportAct) error {
		_, err := s.CancelBooking(ctx, act, terms)
		return err
	}, func() { w.cancelled[b.ID] = w.cancelled[b.ID] || len(terms.TicketIDs) == 0 })
}

// supportRefund gives money back although the tickets stay.
func (w *world) supportRefund(b booking, amount int64) *task {
	return w.helping(fmt.Sprintf("refund of %d", amount), b, func(ctx context.Context, s *bookings.Service, act boxoffice.SupportAct) error {
		_, err := s.RefundGoodwill(ctx, act, amount)
		return err
	}, nil)
}

// drawSupport draws an act of support on any booking: what makes no sense is refused, and is tried all the same.
func (w *world) drawSupport(t *rapid.T, all rows) *task {
	b := draw(t, "booking", all.Bookings)
	switch draw(t, "help", []string{"extend", "release", "cancel", "cancel", "refund", "refund"}) {
	case "extend":
		return w.supportExtend(b)
	case "release":
		return w.supportRelease(b)
	case "cancel":
		terms := boxoffice.SupportTerms{KeepPercent: draw(t, "kept", []int{0, 0, 33, 99})}
		for _, seat := range all.keptBy(b.ID) {
			if rapid.Bool().Draw(t, "this one") {
				terms.TicketIDs = append(terms.TicketIDs, seat.TicketID)
			}
		}
		return w.supportCancel(b, terms)
	default:
		return w.supportRefund(b, draw(t, "goodwill", []int64{1, 500, seatPrice, 2 * seatPrice, 5 * seatPrice}))
	}
}
