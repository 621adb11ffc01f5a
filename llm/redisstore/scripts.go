package redisstore

import "github.com/redis/go-redis/v9"

// add adds to a counter whose time begins anew.
//
// KEYS: the counter. ARGV: how much, and its time in ms.
var add = redis.NewScript(`
local sum = redis.call('INCRBY', KEYS[1], ARGV[1])
redis.call('PEXPIRE', KEYS[1], ARGV[2])
return sum
`)

// take is middleware.Bucket.Take. A key holds when its bucket will be full, in
// microseconds since 1970, and is forgotten then.
//
// KEYS: the bucket. ARGV: how many tokens, the microseconds for a new one, the
// burst, and the longest wait in microseconds. It answers 1 or 0 and the wait.
var take = redis.NewScript(`
local n, every, burst, most = tonumber(ARGV[1]), tonumber(ARGV[2]), tonumber(ARGV[3]), tonumber(ARGV[4])
local time = redis.call('TIME')
local now = tonumber(time[1]) * 1000000 + tonumber(time[2])
local full = math.max(tonumber(redis.call('GET', KEYS[1]) or '0'), now)
local wait = 0
if n > 0 then
	local spare = (burst - math.min(n, burst)) * every
	wait = math.max(0, full - now - spare)
	if wait > most then
		return {0, string.format('%.3f', wait)}
	end
end
full = full + n * every
if full > now then
	redis.call('SET', KEYS[1], string.format('%.2f', full), 'PX', math.ceil((full - now) / 1000))
else
	redis.call('DEL', KEYS[1])
end
return {1, string.format('%.3f', wait)}
`)
