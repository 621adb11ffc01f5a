//go:build race

package growthtest

const raceEnabled = true
