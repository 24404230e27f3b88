package sqlite

import (
	"strconv"
	"strings"
	"time"
)

const (
	dateLayout    = "2006-01-02"
	secondsLayout = "2006-01-02 15:04:05"
	microsLayout  = "2006-01-02 15:04:05.000000"
	nanosLayout   = "2006-01-02 15:04:05.000000000"
)

// formatTimestamp returns a time in UTC with zero, six or nine decimals of the second: the shortest form without loss.
// SQLite's date functions read all three. Each time has one text, and the texts sort like the times in the years 0 to
// 9999. SQLite's functions have the same range of years.
func formatTimestamp(t time.Time) string {
	t = t.UTC()
	switch nanos := t.Nanosecond(); {
	case nanos == 0:
		return t.Format(secondsLayout)
	case nanos%int(time.Microsecond) == 0:
		return t.Format(microsLayout)
	default:
		return t.Format(nanosLayout)
	}
}

func formatDate(t time.Time) string {
	return t.Format(dateLayout)
}

func restoreTimestamp(value any) (time.Time, error) {
	return restoreTime(secondsLayout, value) // time.Parse accepts a fraction after the seconds
}

func restoreDate(value any) (time.Time, error) {
	return restoreTime(dateLayout, value)
}

func restoreTime(layout string, value any) (time.Time, error) {
	s, err := expect[string](value)
	if err != nil {
		return time.Time{}, err
	}
	t, err := time.Parse(layout, s)
	if err == nil {
		return t, nil
	}
	if t, ok := parseLongYear(layout, s); ok {
		return t, nil
	}
	return time.Time{}, err
}

// parseLongYear reads a year outside 0 to 9999, which time.Format writes and time.Parse refuses. A typing error at the
// source is enough to produce such a year.
func parseLongYear(layout, s string) (time.Time, bool) {
	head, rest, ok := strings.Cut(strings.TrimPrefix(s, "-"), "-")
	if !ok {
		return time.Time{}, false
	}
	year, err := strconv.Atoi(head)
	if err != nil {
		return time.Time{}, false
	}
	if strings.HasPrefix(s, "-") {
		year = -year
	}
	const leapYear = 2000
	t, err := time.Parse(layout, strconv.Itoa(leapYear)+"-"+rest)
	if err != nil {
		return time.Time{}, false
	}
	return t.AddDate(year-leapYear, 0, 0), true
}
