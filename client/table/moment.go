package table

import "time"

// secondsOf reads a moment in one of Pipedrive's two usual forms, "2006-01-02T15:04:05Z" of API v2 and
// "2006-01-02 15:04:05" of v1, as seconds since 1970. It refuses all others, which [time.Parse] may accept.
func secondsOf(s []byte) (seconds int64, ok bool) {
	v2 := len(s) == len("2006-01-02T15:04:05Z") && s[10] == 'T' && s[19] == 'Z'
	if v1 := len(s) == len(timeV1) && s[10] == ' '; !v1 && !v2 || s[13] != ':' || s[16] != ':' {
		return 0, false
	}
	day, ok := dayOf(s)
	hour, minute, second := digits(s[11:13]), digits(s[14:16]), digits(s[17:19])
	if !ok || uint64(hour) > 23 || uint64(minute) > 59 || uint64(second) > 59 {
		return 0, false
	}
	return day*secondsPerDay + hour*3600 + minute*60 + second, true
}

const secondsPerDay = 24 * 60 * 60

// dayOf reads the date that s begins with, like 2006-01-02, as days since 1970.
func dayOf(s []byte) (day int64, ok bool) {
	if len(s) < len(time.DateOnly) || s[4] != '-' || s[7] != '-' {
		return 0, false
	}
	year, month, of := digits(s[:4]), digits(s[5:7]), digits(s[8:10])
	if year < 0 || month < 1 || month > 12 || of < 1 || of > daysIn(year, month) {
		return 0, false
	}
	return daysBefore(year, month) + of - 1, true
}

// mostDigits is the greatest number of digits that always fits an int64.
const mostDigits = 18

// digits reads a whole number of up to mostDigits digits; it is negative if there is another character.
func digits(s []byte) (n int64) {
	for _, c := range s {
		if c < '0' || c > '9' {
			return -1
		}
		n = n*10 + int64(c-'0')
	}
	return n
}

func daysIn(year, month int64) int64 {
	switch {
	case month != 2:
		return 30 + (month+month>>3)&1
	case year%4 == 0 && (year%100 != 0 || year%400 == 0):
		return 29
	}
	return 28
}

// daysBefore counts the days from the beginning of 1970 to that of a month. Its years begin in March, so that a leap
// day is the last day of a year.
func daysBefore(year, month int64) int64 {
	const untilMarch1970 = 719468 // from the March before the year 1
	year, month = year+400, month-3
	if month < 0 {
		year, month = year-1, month+12
	}
	return 365*year + year/4 - year/100 + year/400 + (153*month+2)/5 - 146097 - untilMarch1970
}
