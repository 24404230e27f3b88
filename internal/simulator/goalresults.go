package simulator

import "time"

// goalResults are [v1 /goals/{id}/results], an object per goal and period.
var goalResults = &kind{
	name: "goal_results", text: "progress", parent: "goals", member: "goal", keyed: "goal_id", single: true, drawn: oncePer("goals"),
	derived: goalPeriod,
	lists: []listed{{
		path: "/v1/goals/{id}/results", cost: 20, scopes: []string{"goals:read", "goals:full"}, one: true,
		filters: []filter{{parentParam, true, withKey("goal_id")}, {"period.start", true, anyDay}, {"period.end", true, anyDay}},
	}},
	fields: []field{
		{name: "goal", at: "goal.number", draw: parent, form: gone, hidden: true},
		{name: "goal_id", at: "goal.id", draw: func(d *draws) any { return d.keyOf("goals", d.parent) }},
		{name: "progress", draw: money},
	},
}

// goalPeriod are the days of a goal's results: from the goal's first day to its last one or today. They are nil for a
// goal that is yet to begin.
func goalPeriod(c *Company, e *entry) map[string]any {
	goal := c.kinds["goals"]().rows[e.parent()]
	today := Date(c.now.UTC().Format(time.DateOnly))
	start, began := goal.get("duration_start").(Date)
	if !began || start > today {
		return nil
	}
	end, ends := goal.get("duration_end").(Date)
	if !ends || end > today {
		end = today
	}
	return map[string]any{"period_start": start, "period_end": end}
}

// gone leaves a value out of the answer.
func gone(any) any { return absent }

// withKey keeps the records whose field is a text.
func withKey(name string) func(string) (func(*entry) bool, *refusal) {
	return func(value string) (func(*entry) bool, *refusal) {
		return func(e *entry) bool { return e.get(name) == any(value) }, nil
	}
}

// anyDay refuses a value that is not a day, and keeps all records.
func anyDay(value string) (func(*entry) bool, *refusal) {
	if _, err := time.Parse(time.DateOnly, value); err != nil {
		return nil, invalid("%q is no day", value)
	}
	return func(*entry) bool { return true }, nil
}
