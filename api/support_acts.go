package api

import (
	"context"
	"fmt"
	"net/http"
	"time"

	"github.com/gin-gonic/gin"
	"github.com/google/uuid"

	"github.com/boxoffice/boxoffice"
)

// reasoned is the body of an act of support: each says why.
type reasoned interface{ why() string }

func (in SupportReasonRequest) why() string  { return in.Reason }
func (in SupportExtendRequest) why() string  { return in.Reason }
func (in SupportCancelRequest) why() string  { return in.Reason }
func (in SupportRefundRequest) why() string  { return in.Reason }
func (in SupportResendRequest) why() string  { return in.Reason }
func (in SupportSettleRequest) why() string  { return in.Reason }
func (in SupportPaymentRequest) why() string { return in.Reason }
func (in SupportPaidRequest) why() string    { return in.Reason }

// maxWhy bounds the reason of an act of support, in characters.
const maxWhy = 200

// supportAct makes a handler of an act on a booking that takes a body and says in a sentence what was done.
func supportAct[T reasoned](do func(ctx context.Context, act boxoffice.SupportAct, in T) (done string, err error)) handler {
	return func(c *gin.Context, user boxoffice.User) error {
		id, err := pathID(c, "id")
		if err != nil {
			return err
		}
		var in T
		act, err := readAct(c, user, id, &in)
		if err != nil {
			return err
		}
		done, err := do(c.Request.Context(), act, in)
		if err != nil {
			return err
		}
		return reply(c, http.StatusOK, SupportDone{Done: done})
	}
}

// readAct reads the body of an act, who does it, and the key under which it is done once. CodeInvalid.
func readAct[T reasoned](c *gin.Context, user boxoffice.User, id string, in *T) (boxoffice.SupportAct, error) {
	body, err := readJSON(c, in)
	if err != nil {
		return boxoffice.SupportAct{}, err
	}
	var wrong fields
	if wrong.line("reason", (*in).why(), 1, maxWhy); len(wrong) > 0 {
		return boxoffice.SupportAct{}, wrong.err()
	}
	key, err := idempotencyKey(c, user, "POST "+c.GetString(routeKey), id, body)
	if err != nil {
		return boxoffice.SupportAct{}, err
	}
	if key == nil {
		return boxoffice.SupportAct{}, boxoffice.InvalidField("Idempotency-Key", "This header is required: under one key an act is done once.")
	}
	return boxoffice.SupportAct{
		Key: "support:" + user.ID + ":" + key.Key, Request: key.BodyHash, BookingID: id, Actor: user.Username, ActorID: user.ID, Verified: true,
		Reason: (*in).why(),
	}, nil
}

func (s *Server) supportExtend(ctx context.Context, act boxoffice.SupportAct, in SupportExtendRequest) (string, error) {
	if most := int(boxoffice.MaxSupportExtension / time.Minute); in.Minutes < 1 || in.Minutes > most {
		return "", boxoffice.InvalidField("minutes", "This must be between 1 and %d.", most)
	}
	return s.opts.Support.ExtendHold(ctx, act, time.Duration(in.Minutes)*time.Minute)
}

func (s *Server) supportRelease(ctx context.Context, act boxoffice.SupportAct, _ SupportReasonRequest) (string, error) {
	return s.opts.Support.ReleaseHold(ctx, act)
}

func (s *Server) supportRefund(ctx context.Context, act boxoffice.SupportAct, in SupportRefundRequest) (string, error) {
	if in.AmountMinor < 1 {
		return "", boxoffice.InvalidField("amount_minor", "This must be more than nothing.")
	}
	return s.opts.Support.RefundGoodwill(ctx, act, in.AmountMinor)
}

func (s *Server) supportSettle(ctx context.Context, act boxoffice.SupportAct, in SupportSettleRequest) (string, error) {
	wrong := checkPaymentID(in.PaymentID)
	if in.N < 1 {
		wrong.add("n", "This is the number of one of the payment's refunds.")
	}
	if in.TicketIDs != nil {
		wrong = append(wrong, checkNamedTickets("ticket_ids", in.TicketIDs)...)
	}
	if err := wrong.err(); err != nil {
		return "", err
	}
	return s.opts.Support.SettleRefund(ctx, act, boxoffice.RefundRef{PaymentID: in.PaymentID, N: in.N}, in.TicketIDs)
}

func (s *Server) supportRetryRefund(ctx context.Context, act boxoffice.SupportAct, in SupportPaymentRequest) (string, error) {
	if err := checkPaymentID(in.PaymentID).err(); err != nil {
		return "", err
	}
	return s.opts.Support.RetryRefund(ctx, act, in.PaymentID)
}

func (s *Server) supportRefundedOtherwise(ctx context.Context, act boxoffice.SupportAct, in SupportPaidRequest) (string, error) {
	wrong := checkPaymentID(in.PaymentID)
	wrong.line("reference", in.Reference, 1, boxoffice.MaxReference/4) // a character has up to four bytes
	if err := wrong.err(); err != nil {
		return "", err
	}
	return s.opts.Support.RefundedOtherwise(ctx, act, in.PaymentID, in.Reference)
}

func checkPaymentID(id string) (wrong fields) {
	if uuid.Validate(id) != nil {
		wrong.add("payment_id", "This is not the ID of a payment.")
	}
	return wrong
}

func (s *Server) supportResend(ctx context.Context, act boxoffice.SupportAct, in SupportResendRequest) (string, error) {
	if in.Email != "" && !isEmail(in.Email) {
		return "", boxoffice.InvalidField("email", "This is not an e-mail address.")
	}
	return s.opts.Support.ResendTickets(ctx, act, in.Email)
}

func (s *Server) supportRetry(ctx context.Context, act boxoffice.SupportAct, _ SupportReasonRequest) (string, error) {
	return s.opts.Support.RetryStep(ctx, act)
}

func (s *Server) supportCancel(ctx context.Context, act boxoffice.SupportAct, in SupportCancelRequest) (string, error) {
	terms, err := termsOf(in)
	if err != nil {
		return "", err
	}
	return s.opts.Support.CancelBooking(ctx, act, terms)
}

func termsOf(in SupportCancelRequest) (boxoffice.SupportTerms, error) {
	var wrong fields
	if in.TicketIDs != nil {
		wrong = checkNamedTickets("ticket_ids", in.TicketIDs)
	}
	if in.KeepPercent < 0 || in.KeepPercent > boxoffice.MaxKeepPercent {
		wrong.add("keep_percent", fmt.Sprintf("This must be between 0 and %d.", boxoffice.MaxKeepPercent))
	}
	return boxoffice.SupportTerms{TicketIDs: in.TicketIDs, KeepPercent: in.KeepPercent}, wrong.err()
}

// supportCancelOrQuote does the act or, as a preview, which needs no key, says what it would come to.
func (s *Server) supportCancelOrQuote(c *gin.Context, user boxoffice.User) error {
	q := newQuery(c)
	preview := q.flag("preview")
	if err := q.wrong.err(); err != nil {
		return err
	}
	if !preview {
		return supportAct(s.supportCancel)(c, user)
	}
	id, err := pathID(c, "id")
	if err != nil {
		return err
	}
	var in SupportCancelRequest
	if _, err := readJSON(c, &in); err != nil {
		return err
	}
	terms, err := termsOf(in)
	if err != nil {
		return err
	}
	quote, err := s.opts.Support.QuoteCancel(c.Request.Context(), id, terms)
	if err != nil {
		return err
	}
	return reply(c, http.StatusOK, viewQuote(quote))
}
