package property

import (
	"context"
	"errors"
	"slices"

	"github.com/boxoffice/boxoffice"
)

// verdict is how the next call of a task ends.
type verdict string

const (
	goOn       verdict = ""            // as it should
	loseCall   verdict = "lost"        // it never arrives
	loseAnswer verdict = "answer lost" // it takes effect, and nobody learns of it
	breaks     verdict = "500"         // the provider breaks before the effect, and replays that under the key
	breaksLate verdict = "late 500"    // the provider breaks after the effect, and replays that under the key
	refuses    verdict = "refused"     // the provider or the mail server says no
	dies       verdict = "died"        // the process is gone before the call
)

var errDead = errors.New("the process is dead")

// task is a request, a webhook or an activity under way in a goroutine of its own. It stands still before each call that
// it makes to somebody else, until step says how that call ends. One task of a test moves at a time.
type task struct {
	name    string
	at      string // the call that it stands before; "" once it ended
	last    verdict
	dead    bool
	pause   chan string
	resume  chan verdict
	done    chan struct{}
	err     error
	strange []error // internal errors, which nothing but a fault of ours explains
}

type taskKey struct{}

// begin starts a task, which stops before its first call.
func begin(ctx context.Context, name string, body func(ctx context.Context) error) *task {
	k := &task{name: name, pause: make(chan string), resume: make(chan verdict), done: make(chan struct{})}
	go func() {
		defer close(k.done)
		k.err = body(context.WithValue(ctx, taskKey{}, k))
	}()
	k.arrive()
	return k
}

func (k *task) arrive() {
	select {
	case k.at = <-k.pause:
	case <-k.done:
		k.at = ""
	}
}

func (k *task) ended() bool { return k.at == "" }

// step lets the task make the call that it stands before.
func (k *task) step(v verdict) {
	k.resume <- v
	k.arrive()
}

// finish lets the task run to its end.
func (k *task) finish() {
	for !k.ended() {
		k.step(goOn)
	}
}

// kill ends the task where it stands: every further call of it fails without an effect.
func (k *task) kill() {
	if !k.ended() {
		k.step(dies)
	}
}

// stop stands still before a call, within the task's goroutine.
func (k *task) stop(call string) verdict {
	if k.dead {
		return dies
	}
	k.pause <- call
	k.last = <-k.resume
	k.dead = k.last == dies
	return k.last
}

func taskOf(ctx context.Context) *task {
	k, _ := ctx.Value(taskKey{}).(*task)
	return k
}

// lost gives the error of a call to a part of the outside that did not answer.
var lost = map[string]error{
	"store":    boxoffice.Errorf(boxoffice.CodeUnavailable, "The database is away."),
	"provider": boxoffice.Errorf(boxoffice.CodeProviderUnknown, "The payment provider gave no clear answer."),
	"mail":     boxoffice.Errorf(boxoffice.CodeUnavailable, "The mail server is away."),
	"files":    boxoffice.Errorf(boxoffice.CodeUnavailable, "The file store is away."),
	"temporal": errors.New("temporal is away"),
}

// outcomes are the verdicts that a call can have apart from going on, getting lost and dying. It gives them itself.
var outcomes = map[string][]verdict{
	"provider CreateSession": {breaks, breaksLate, refuses}, "provider Refund": {breaks, breaksLate, refuses},
	"mail Send": {refuses},
}

// ask makes a call to a part of the outside, in the way that the task is told to. Outside of a task it just makes it.
func ask[T any](ctx context.Context, part, call string, do func() (T, error)) (T, error) {
	var none T
	k := taskOf(ctx)
	if k == nil {
		return do()
	}
	v := k.stop(part + " " + call)
	switch {
	case v == dies:
		return none, errDead
	case v == goOn, slices.Contains(outcomes[part+" "+call], v):
		got, err := do()
		return got, k.judge(part, err)
	case v == loseAnswer:
		_, err := do()
		_ = k.judge(part, err)
		return none, lost[part]
	default:
		return none, lost[part]
	}
}

// judge keeps an error of the store that has no code.
func (k *task) judge(part string, err error) error {
	if part == "store" && boxoffice.CodeOf(err) == boxoffice.CodeInternal {
		k.strange = append(k.strange, err)
	}
	return err
}

// tell is ask for a call that answers nothing.
func tell(ctx context.Context, part, call string, do func() error) error {
	_, err := ask(ctx, part, call, func() (struct{}, error) { return struct{}{}, do() })
	return err
}
