package boxoffice

import "time"

// The counters by which runs and their steps tell operators what they log. They go through Temporal's metrics handler,
// which counts nothing twice when a run is replayed; internal/metrics describes them and gives them their labels.
const (
	CounterStepsFailed  = "boxoffice_steps_failed_total" // tags: activity_type, which Temporal sets; code
	CounterRunsCircling = "boxoffice_runs_circling_total"
	CounterMailsLost    = "boxoffice_mails_lost_total" // tag: reason, a MailLoss
)

// MailLoss is why a mail will not be sent.
type MailLoss string

// The reasons.
const (
	MailRefused MailLoss = "refused"  // by the server, for good
	MailGivenUp MailLoss = "given_up" // it was tried for days
)

// Backlog is what waits for longer than it should.
type Backlog struct {
	OverdueBookings int64         // past their next check by more than a minute
	OverdueEvents   int64         // webhooks past their next try by more than a minute
	RunWaits        time.Duration // how long the oldest webhook has waited for its booking's run; 0: none does
	ProviderWaits   time.Duration // how long the oldest webhook without an effect has been tried again; 0: none is
	StuckRefunds    int64         // payments that are to go back, of which a refund failed
	ShortRefunds    int64         // refunds for which the provider's balance did not suffice
	Tasks           []OpenTasks   // of the kinds that have any, by name
}

// OpenTasks are the support tasks of a kind that nobody has closed.
type OpenTasks struct {
	Kind   TaskKind
	Count  int64
	Oldest time.Duration // how long the oldest has been open
}
