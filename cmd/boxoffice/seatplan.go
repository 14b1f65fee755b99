package main

import (
	"errors"
	"fmt"
	"io"
	"os"
	"strings"
	"text/tabwriter"

	"github.com/boxoffice/boxoffice"
	"github.com/boxoffice/boxoffice/seatplan"
)

// seatplanCommand has the tools for who draws a hall: boxoffice seatplan.
type seatplanCommand struct {
	Validate validatePlanCommand `cmd:"" help:"Say everything that is wrong with a seat plan, and where; exit 1 if anything is."`
	Draw     drawPlanCommand     `cmd:"" help:"Draw a seat plan as SVG, to look at it."`
	Sample   samplePlanCommand   `cmd:"" help:"Print the plan of a made-up hall, to begin with."`
}

// planFile is a plan to be read.
type planFile struct {
	File string `arg:"" help:"The seat plan, as docs/seatplan.md describes it; - is the standard input."`
}

func (f planFile) read() (seatplan.Plan, error) {
	file := os.Stdin
	if f.File != "-" {
		var err error
		if file, err = os.Open(f.File); err != nil {
			return seatplan.Plan{}, err
		}
		defer func() { _ = file.Close() }()
	}
	data, err := io.ReadAll(io.LimitReader(file, seatplan.MaxBytes+1))
	if err != nil {
		return seatplan.Plan{}, err
	}
	return seatplan.Parse(data)
}

// validatePlanCommand validates: boxoffice seatplan validate FILE.
type validatePlanCommand struct {
	planFile `embed:""`
}

// Run prints each problem with its place in the file, or how many places the plan has.
func (c *validatePlanCommand) Run() error { return c.tell(os.Stdout) }

func (c *validatePlanCommand) tell(w io.Writer) error {
	plan, err := c.read()
	if problem, ok := errors.AsType[*boxoffice.Error](err); ok && len(problem.Fields) > 0 {
		return errors.Join(printProblems(w, problem.Fields), c.invalid(len(problem.Fields)))
	}
	if err != nil {
		return err
	}
	return printPlan(w, plan)
}

func (c *validatePlanCommand) invalid(problems int) error {
	switch {
	case problems == 1:
		return fmt.Errorf("%s is no valid seat plan: 1 problem", c.File)
	case problems < seatplan.MaxProblems:
		return fmt.Errorf("%s is no valid seat plan: %d problems", c.File, problems)
	default:
		return fmt.Errorf("%s is no valid seat plan: %d problems or more", c.File, problems)
	}
}

func printProblems(w io.Writer, problems []boxoffice.FieldError) error {
	for _, p := range problems {
		if _, err := fmt.Fprintf(w, "%s: %s\n", p.Field, p.Message); err != nil {
			return err
		}
	}
	return nil
}

// printPlan sums a valid plan up by section and by category.
func printPlan(w io.Writer, plan seatplan.Plan) error {
	hash, err := plan.Hash()
	if err != nil {
		return err
	}
	var text strings.Builder
	line := func(name string, c seatplan.Counts) {
		fmt.Fprintf(&text, "  %s\t%d\t%d\t%d\t%d\n", name, c.Places, c.Standing, c.Accessible, c.Companions)
	}
	all := plan.Counts()
	fmt.Fprintf(&text, "%s is valid: %d places.\nhash %s\n\n", plan.Name, all.Places, hash)
	text.WriteString("  section\tplaces\tstanding\twheelchair\tcompanion\n")
	for _, s := range plan.Sections {
		line(s.Name, s.Counts())
	}
	line("all", all)
	text.WriteString("\n  category\tplaces\n")
	for _, category := range plan.Categories {
		fmt.Fprintf(&text, "  %s\t%d\n", category, all.Categories[category])
	}
	seats := all.Places - all.Standing
	fmt.Fprintf(&text, "\nFor %d seats the ADA Standards (table 221.2.1.1) ask for %d wheelchair spaces.\n", seats, seatplan.WheelchairSpaces(seats))
	table := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	if _, err := io.WriteString(table, text.String()); err != nil {
		return err
	}
	return table.Flush()
}

// drawPlanCommand draws: boxoffice seatplan draw FILE.
type drawPlanCommand struct {
	planFile `embed:""`
}

// Run prints the picture of a valid plan.
func (c *drawPlanCommand) Run() error {
	plan, err := c.read()
	if err != nil {
		return err
	}
	_, err = os.Stdout.Write(plan.SVG())
	return err
}

// samplePlanCommand gives a plan: boxoffice seatplan sample theatre.
type samplePlanCommand struct {
	Hall string `arg:"" enum:"cinema,theatre,arena,large-arena" help:"cinema (200 places), theatre (1,350), arena (10,000) or large-arena (20,000)."`
	Name string `default:"Sample" help:"The plan's name."`
}

// Run prints the plan's canonical JSON.
func (c *samplePlanCommand) Run() error {
	draw := map[string]func(string) seatplan.Plan{
		"cinema": seatplan.Cinema, "theatre": seatplan.Theatre, "arena": seatplan.Arena, "large-arena": seatplan.LargeArena,
	}[c.Hall]
	plan := draw(c.Name)
	if err := plan.Validate(); err != nil {
		return fmt.Errorf("--name: %w", err)
	}
	canonical, err := plan.Canonical()
	if err != nil {
		return err
	}
	_, err = os.Stdout.Write(append(canonical, '\n'))
	return err
}
