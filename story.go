package boxoffice

import (
	"fmt"
	"slices"
	"strings"
	"time"
)

// StoredWebhook is what is told of a webhook of the payment provider.
type StoredWebhook struct {
	At      time.Time
	ID      string
	Type    string
	Outcome string // empty: it had no effect yet
}

// Story tells in sentences what the rows remember of a case, in order of time. Of money and mails the case itself says more
// than the timeline, and of support's acts the audit log does, so these lines are told from there.
func Story(c SupportCase, timeline []TimelineEntry, webhooks []StoredWebhook) []StoryLine {
	var story []StoryLine
	tell := func(at time.Time, source, actor, format string, args ...any) {
		if !at.IsZero() {
			story = append(story, StoryLine{At: at, Source: source, Actor: actor, What: fmt.Sprintf(format, args...)})
		}
	}
	for _, e := range timeline {
		if !e.ToldElsewhere() {
			tell(e.At, "booking", e.Actor, "%s", e.Sentence())
		}
	}
	for _, p := range c.Payments {
		tell(p.ReceivedAt, "booking", "provider", "A payment of %s arrived: %s.", p.Amount, p.PaymentIntent)
		for _, r := range p.Refunds {
			tell(r.RequestedAt, "booking", "", "Refund %d, of %s, is to go back to the buyer. They are told: %s", r.N, r.Amount, r.Reason)
			tell(r.EndedAt, "booking", "provider", "Refund %d %s.", r.N, strings.TrimSuffix(string(r.State)+": "+r.Failure, ": "))
		}
	}
	for _, m := range c.Mails {
		tell(m.QueuedAt, "mail", "", "A mail (%s) to %s is to be sent.", m.Kind, m.Recipient)
		tell(m.SentAt, "mail", "", "The mail (%s) to %s was sent.", m.Kind, m.Recipient)
	}
	for _, w := range webhooks {
		tell(w.At, "webhook", "provider", "The payment provider told of %s (%s): %s.", w.Type, w.ID, orElse(w.Outcome, "no effect yet"))
	}
	for _, a := range c.Audit {
		if a.Reason != "" {
			who := a.Actor
			if !a.Verified {
				who += ", whom nobody verified"
			}
			tell(a.At, "audit", a.Actor, "Support (%s): %s. The reason: %s", who, a.Action, a.Reason)
		}
	}
	SortStory(story)
	return story
}

// SortStory puts lines into the order of time; those of one time stay as they are.
func SortStory(story []StoryLine) {
	slices.SortStableFunc(story, func(a, b StoryLine) int { return a.At.Compare(b.At) })
}

// ToldElsewhere reports whether a line is about money, a mail or an act of support.
func (e TimelineEntry) ToldElsewhere() bool {
	about := func(prefix string) bool { return strings.HasPrefix(e.What, prefix) }
	return e.What == "payment received" || slices.ContainsFunc([]string{"refund ", "mail ", "support: "}, about)
}

func orElse(text, otherwise string) string {
	if text == "" {
		return otherwise
	}
	return text
}

// sentences are what the lines of a timeline mean.
var sentences = map[string]string{
	"held":                    "The seats were held.",
	"checkout opened":         "A payment page was opened.",
	"extended":                "The hold was extended.",
	"cancel requested":        "The booking was let go of.",
	"expired":                 "Nobody paid in time: the seats are free.",
	"cancelled":               "The booking ended unpaid, and its seats are free.",
	"confirmed":               "The seats were sold.",
	"completed":               "The tickets were made.",
	"tickets given back":      "Tickets were given back: they are void, and their seats are free.",
	"tickets asked for again": "The tickets are to be mailed once more.",
	"refunded":                "All that was to go back is back.",
	"no mail: no address":     "There is no address to send a mail to.",
}

// Known reports whether there is a sentence for the line.
func (e TimelineEntry) Known() bool { return sentences[e.What] != "" }

// Sentence tells the line to people; one that has no sentence, in the words of the timeline.
func (e TimelineEntry) Sentence() string {
	if sentence, ok := sentences[e.What]; ok {
		return sentence
	}
	return e.What + "."
}
