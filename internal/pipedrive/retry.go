package pipedrive

import (
	"context"
	"errors"
	"time"

	"github.com/cenkalti/backoff/v5"
	"github.com/rs/zerolog"
)

// get sends r until decode accepts its answer. It repeats the request after errors that may pass, at most
// MaxRetries times. decode reads bodies of status 200 to their ends, while they arrive; if it fails on one, or the body
// breaks off, the request is sent again.
func get[T any](ctx context.Context, c *Client, r request, decode func(*body) (T, error)) (T, error) {
	attempt := func() (T, error) { return sendAndDecode(ctx, c, r, decode) }
	note := noteRetries(c.config.Logger, r.path)
	return retry(ctx, c.config.MaxRetries, attempt, func(err error, wait time.Duration) {
		r.meter.retried()
		note(err, wait)
	})
}

// longWait is the pause from which a first retry is logged at info level.
const longWait = 10 * time.Second

// noteRetries logs the retries of one request: the first at debug level, since a single failure is common; further
// ones and long pauses at info level.
func noteRetries(logger zerolog.Logger, path string) backoff.Notify {
	retries := 0
	return func(err error, wait time.Duration) {
		level := zerolog.DebugLevel
		var e *Error
		if retries++; retries > 1 || (errors.As(err, &e) && e.Reset >= longWait) {
			level = zerolog.InfoLevel
		}
		logger.WithLevel(level).Err(err).Str("path", path).Dur("wait", wait).Msg("request is sent again")
	}
}

// retry calls attempt until it succeeds, fails for good, or has failed maxRetries+1 times.
func retry[T any](ctx context.Context, maxRetries int, attempt func() (T, error), notify backoff.Notify) (T, error) {
	began, once := time.Now(), false
	result, err := backoff.Retry(ctx, func() (T, error) {
		result, err := attempt()
		var passing transientError
		switch {
		case err == nil:
			return result, nil
		case ctx.Err() != nil:
			return result, backoff.Permanent(context.Cause(ctx))
		case !errors.As(err, &passing), passing.once && once, passing.within > 0 && time.Since(began) > passing.within:
			return result, backoff.Permanent(err)
		}
		once = once || passing.once
		return result, err
	},
		backoff.WithBackOff(newBackOff()),
		backoff.WithMaxTries(uint(1+max(0, maxRetries))),
		backoff.WithMaxElapsedTime(0),
		backoff.WithNotify(notify))
	if passing, ok := errors.AsType[transientError](err); ok {
		err = passing.error
	}
	return result, err
}

func sendAndDecode[T any](ctx context.Context, c *Client, r request, decode func(*body) (T, error)) (T, error) {
	var result T
	res, err := c.answer(ctx, r)
	if err != nil {
		return result, err
	}
	defer res.body.close()
	html := isHTML(res.header, res.body.beginning())
	result, err = decode(res.body)
	if failed := res.body.brokeOff(); failed != nil {
		return result, c.brokenOff(r, res.status, failed)
	}
	if !res.charged {
		r.meter.charged(r.cost)
	}
	var refused *recordError
	switch {
	case err == nil:
		return result, nil
	case errors.As(err, &refused):
		return result, c.failure(r, res.status, "", err)
	case html:
		return result, transient(c.failure(r, res.status, "the answer is a page of HTML", nil))
	}
	return result, transient(c.failure(r, res.status, "the answer can't be read", err))
}
