package postgres_test

import (
	"slices"
	"testing"
	"time"

	"github.com/boxoffice/boxoffice"
	"github.com/stretchr/testify/require"
)

func (h *house) supportCase(t testing.TB, bookingID string) boxoffice.SupportCase {
	t.Helper()
	c, err := h.store.SupportCase(t.Context(), anna, bookingID)
	require.NoError(t, err)
	return c
}

// TestSupportCase_OK reads a booking of which something has happened of everything.
func TestSupportCase_OK(t *testing.T) {
	t.Parallel()
	h := newHouse(t, 2)
	h.allowReturns(t, 24, 80)
	s := h.soldBooking(t, h.addUser(t), h.tickets...)
	h.exec(t, `INSERT INTO support_tasks (id, key, kind, booking_id, summary, advice, details) VALUES ($1, 'k', 'dispute', $2, 'The bank asks.', 'Answer it.', '{"n": 1}')`,
		newID(t), s.ID)
	h.giveBack(t, s, h.tickets[0])
	h.finish(t, s.Booking, boxoffice.BookingCompleted)
	require.NoError(t, h.store.SupportRefund(t.Context(), byStaff(s, "1"), 250))
	h.exec(t, `UPDATE emails SET last_error = 'mailbox full', attempts = 2 WHERE kind = 'tickets'`)

	checked := `SELECT next_check_at FROM bookings WHERE id = $1`
	before, due := h.rows(t), one[time.Time](t, h, checked, s.ID)
	c := h.supportCase(t, s.ID)
	require.Equal(t, before, h.rows(t), "a read moves nothing")
	require.Equal(t, due, one[time.Time](t, h, checked, s.ID), "nor when the sweep looks")
	require.Equal(t, s.Reference, c.Reference)
	require.Equal(t, []string{"Stalls, row C, seat 1", "Stalls, row C, seat 2"}, c.FoundBooking.Seats)
	require.Len(t, c.Seats, 2)
	require.Equal(t, []any{int64(seatPrice), int64(290), false}, []any{c.Seats[0].Price, c.Seats[0].Kept, c.Seats[0].ReleasedAt.IsZero()})
	require.True(t, c.Seats[1].ReleasedAt.IsZero())
	require.Len(t, c.Payments, 1)
	paid := c.Payments[0]
	require.Equal(t, []any{"pi_" + s.attempt.ID, "cs_" + s.attempt.ID, usd(2 * seatPrice), "sale", int64(1160 + 250), int64(250)},
		[]any{paid.PaymentIntent, paid.SessionID, paid.Amount, paid.SettledAs, paid.Owed, paid.Goodwill})
	require.Equal(t, []boxoffice.RefundState{boxoffice.RefundSucceeded, boxoffice.RefundPending}, []boxoffice.RefundState{paid.Refunds[0].State, paid.Refunds[1].State})
	require.Equal(t, usd(250), paid.Refunds[1].Amount)
	require.Equal(t, boxoffice.StepSendRefund, c.Situation.Next())
	require.False(t, c.NextCheckAt.IsZero())
	require.Len(t, c.Tasks, 1)
	require.Equal(t, []any{boxoffice.TaskDispute, "The bank asks.", map[string]any{"n": 1.0}}, []any{c.Tasks[0].Kind, c.Tasks[0].Summary, c.Tasks[0].Details})
	kinds := map[boxoffice.EmailKind]boxoffice.CaseMail{}
	for _, m := range c.Mails {
		kinds[m.Kind] = m
	}
	require.Len(t, kinds, 3)
	require.Equal(t, []any{2, "mailbox full"}, []any{kinds[boxoffice.EmailTickets].Attempts, kinds[boxoffice.EmailTickets].LastError})
	require.Equal(t, []string{"refund"}, actionsOf(c.Audit))
	require.True(t, slices.IsSortedFunc(c.Story, func(a, b boxoffice.StoryLine) int { return a.At.Compare(b.At) }))
	sources := map[string]bool{}
	for _, l := range c.Story {
		sources[l.Source] = true
	}
	require.Equal(t, map[string]bool{"booking": true, "mail": true, "webhook": true, "audit": true}, sources)

	again := h.supportCase(t, s.ID)
	require.Equal(t, []string{"read", "refund"}, actionsOf(again.Audit), "who reads is written down")
	require.Equal(t, "anna", again.Audit[0].Actor)
	require.Equal(t, c.Story, again.Story, "and is no part of the story")
	h.exec(t, `INSERT INTO audit_log (actor, action, subject) SELECT 'anna', 'read', $1 FROM generate_series(1, 200)`, "booking "+s.ID)
	require.Contains(t, actionsOf(h.supportCase(t, s.ID).Audit), "refund", "many reads hide no act")
}

func actionsOf(lines []boxoffice.AuditLine) (actions []string) {
	for _, l := range lines {
		actions = append(actions, l.Action)
	}
	return actions
}

// TestSupportCase_InEveryStage gives the situation that a run would see, and tells every line of a timeline in a sentence.
func TestSupportCase_InEveryStage(t *testing.T) {
	t.Parallel()
	h := newHouse(t, len(stages))
	for i, stage := range stages {
		s := h.stage(t, i)
		c := h.supportCase(t, s.ID)
		require.Equal(t, stage.next, c.Situation.Next(), stage.name)
		now := h.verify(t, s.ID)
		now.Epoch, now.Remaining, c.Situation.Remaining = c.Situation.Epoch, 0, 0
		require.Equal(t, now, c.Situation, stage.name)
		for _, what := range h.timeline(t, s.ID) {
			told := boxoffice.TimelineEntry{What: what}
			require.True(t, told.ToldElsewhere() || told.Known(), "%s: %q has no sentence", stage.name, what)
		}
		h.bringToEnd(t, s.Booking)
		require.NotEmpty(t, h.supportCase(t, s.ID).Story)
	}
	_, err := h.store.SupportCase(t.Context(), anna, newID(t))
	requireCode(t, boxoffice.CodeNotFound, err)
}

// task opens a task past the store.
func (h *house) task(t testing.TB, kind boxoffice.TaskKind, booking string, age time.Duration) string {
	t.Helper()
	id := newID(t)
	h.exec(t, `INSERT INTO support_tasks (id, key, kind, booking_id, summary, advice, opened_at)
		VALUES ($1, $2, $3, nullif($4, '')::uuid, 'Something happened.', 'Do something.', boxoffice_now() - $5::interval)`, id, id, kind, booking, age)
	return id
}

func TestSupportTasks_ListAndClose(t *testing.T) {
	t.Parallel()
	h := newHouse(t, 1)
	s := h.held(t, h.addUser(t), h.tickets)
	var ids []string
	for i, kind := range []boxoffice.TaskKind{boxoffice.TaskDispute, boxoffice.TaskRefundFailed, boxoffice.TaskDispute, boxoffice.TaskReconciliation} {
		ids = append(ids, h.task(t, kind, s.ID, time.Hour-time.Duration(i)*time.Minute))
	}
	list := func(q boxoffice.TaskQuery) (found []string) {
		for q.Limit = 2; ; {
			page, err := h.store.SupportTasks(t.Context(), q)
			require.NoError(t, err)
			for _, task := range page.Tasks {
				found = append(found, task.ID)
			}
			if q.Cursor = page.Next; q.Cursor == "" {
				return found
			}
		}
	}
	require.Equal(t, ids, list(boxoffice.TaskQuery{}), "the oldest first")
	require.Equal(t, []string{ids[0], ids[2]}, list(boxoffice.TaskQuery{Kind: boxoffice.TaskDispute}))
	require.Empty(t, list(boxoffice.TaskQuery{Closed: true}))

	before := h.rows(t)
	act := byStaff(scene{}, "close")
	closed, err := h.store.CloseSupportTask(t.Context(), act, ids[0])
	require.NoError(t, err)
	require.Equal(t, []any{"anna", "The projector broke."}, []any{closed.ClosedBy, closed.Resolution})
	require.NotNil(t, closed.ClosedAt)
	require.Equal(t, before, h.rows(t), "closing changes nothing else")
	other := byStaff(scene{}, "another")
	other.Actor = "otto"
	still, err := h.store.CloseSupportTask(t.Context(), other, ids[0])
	require.NoError(t, err)
	require.Equal(t, closed, still, "one that is closed stays as it is")
	require.Equal(t, "close task", h.audited(t, "close").Action)
	require.Equal(t, 1, one[int](t, h, `SELECT count(*) FROM audit_log`))
	_, err = h.store.CloseSupportTask(t.Context(), byStaff(scene{}, "2"), ids[3])
	require.NoError(t, err)
	require.Equal(t, []string{ids[3], ids[0]}, list(boxoffice.TaskQuery{Closed: true}), "the last closed first")
	require.Equal(t, ids[1:3], list(boxoffice.TaskQuery{}))

	own := byStaff(scene{}, "own")
	own.ActorID = s.UserID
	_, err = h.store.CloseSupportTask(t.Context(), own, ids[1])
	requireCode(t, boxoffice.CodeForbidden, err)
	_, err = h.store.CloseSupportTask(t.Context(), act, newID(t))
	requireCode(t, boxoffice.CodeNotFound, err)
	_, err = h.store.SupportTask(t.Context(), newID(t))
	requireCode(t, boxoffice.CodeNotFound, err)
	_, err = h.store.SupportTasks(t.Context(), boxoffice.TaskQuery{Cursor: "x", Limit: 2})
	requireCode(t, boxoffice.CodeInvalid, err)
	read, err := h.store.SupportTask(t.Context(), ids[0])
	require.NoError(t, err)
	require.Equal(t, closed, read)
}

func TestBacklog_Tasks(t *testing.T) {
	t.Parallel()
	h := newHouse(t, 1)
	h.task(t, boxoffice.TaskDispute, "", time.Hour)
	h.task(t, boxoffice.TaskDispute, "", 2*time.Hour)
	id := h.task(t, boxoffice.TaskRefundFailed, "", time.Hour)
	_, err := h.store.CloseSupportTask(t.Context(), byStaff(scene{}, "1"), id)
	require.NoError(t, err)
	tasks := h.backlog(t).Tasks
	require.Len(t, tasks, 1)
	require.Equal(t, []any{boxoffice.TaskDispute, int64(2)}, []any{tasks[0].Kind, tasks[0].Count})
	require.InDelta(t, 2*time.Hour, tasks[0].Oldest, float64(time.Minute))
}
