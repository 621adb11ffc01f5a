package config

import (
	"context"
	"os"
	"slices"
	"time"
)

// Reload reads the file again. If there is an error, the settings stay as they were.
// Otherwise new calls use the new settings, and the old connections are closed when the last
// call on them ends. Reload after Close is an error.
func (c *Config) Reload() error {
	c.reloading.Lock()
	defer c.reloading.Unlock()
	if c.closed.Load() {
		return errClosed
	}
	g, err := c.read(context.Background())
	if err != nil {
		return err
	}
	old, err := c.replace(g)
	_ = old.retire() // an error of closing idle connections is not a failure of the reload
	return err
}

// replace makes g the current generation and returns the one before. If the Config was closed
// in the meantime, it returns g and an error.
func (c *Config) replace(g *generation) (*generation, error) {
	c.closing.Lock()
	defer c.closing.Unlock()
	if c.closed.Load() {
		return g, errClosed
	}
	return c.current.Swap(g), nil
}

// Watch reloads the file when it has changed, or when a file that it names for a key or a
// certificate has changed. It looks for changes once in each interval. After each reload it
// calls report, if that is not nil, with the error or nil.
//
// Watch returns the context's error when the context ends, or an error after Close:
//
//	go cfg.Watch(ctx, 5*time.Second, func(err error) { log.Println("config:", err) })
//
// Nothing is watched unless the program calls Watch.
func (c *Config) Watch(ctx context.Context, interval time.Duration, report func(error)) error {
	ticker := time.NewTicker(max(interval, time.Millisecond))
	defer ticker.Stop()
	last := c.current.Load().stamps
	for {
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-ticker.C:
		}
		if c.closed.Load() {
			return errClosed
		}
		now := stampsOf(last)
		if slices.Equal(last, now) {
			continue
		}
		err := c.Reload()
		if last = now; err == nil {
			last = c.current.Load().stamps // the file can name other files now
		}
		if err == errClosed {
			return err
		}
		if report != nil {
			report(err)
		}
	}
}

// stamp shows whether a file has changed.
type stamp struct {
	path string
	time time.Time
	size int64
}

func stampOf(path string) stamp {
	s := stamp{path: path, size: -1}
	if info, err := os.Stat(path); err == nil {
		s.time, s.size = info.ModTime(), info.Size()
	}
	return s
}

func stampsOf(old []stamp) []stamp {
	now := make([]stamp, len(old))
	for i, s := range old {
		now[i] = stampOf(s.path)
	}
	return now
}
