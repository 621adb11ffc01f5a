package redisstore

import "github.com/redis/go-redis/v9"

// add adds to a counter, which saturates, and resets its expiry.
//
// KEYS: the counter. ARGV: the amount, and the expiry in milliseconds.
var add = redis.NewScript(`
local sum = redis.pcall('INCRBY', KEYS[1], ARGV[1])
if type(sum) == 'table' then
	if not string.find(sum.err or '', 'overflow') then
		return sum
	end
	sum = '9223372036854775807'
	if string.sub(ARGV[1], 1, 1) == '-' then
		sum = '-9223372036854775808'
	end
	redis.call('SET', KEYS[1], sum)
	redis.call('PEXPIRE', KEYS[1], ARGV[2])
	return sum
end
redis.call('PEXPIRE', KEYS[1], ARGV[2])
return sum
`)

// reserve is store.ReserveTokens as a script. A key has the times at which its buckets will
// be full, in microseconds since 1970. It expires when all of them are full.
//
// KEYS: the buckets. ARGV: the longest wait in microseconds, and for each bucket the number of
// tokens, the microseconds for one token, and the burst. The reply is 1 or 0, and the wait.
var reserve = redis.NewScript(`
local time = redis.call('TIME')
local now = tonumber(time[1]) * 1000000 + tonumber(time[2])
local full, draws, wait = {}, {}, 0
for text in string.gmatch(redis.call('GET', KEYS[1]) or '', '%S+') do
	table.insert(full, tonumber(text))
end
for i = 2, #ARGV, 3 do
	table.insert(draws, {n = tonumber(ARGV[i]), every = tonumber(ARGV[i + 1]), burst = tonumber(ARGV[i + 2])})
end
for i, d in ipairs(draws) do
	full[i] = math.max(full[i] or 0, now)
	if d.n > 0 then
		local spare = (d.burst - math.min(d.n, d.burst)) * d.every
		wait = math.max(wait, full[i] - now - spare)
	end
end
if wait > tonumber(ARGV[1]) then
	return {0, string.format('%.3f', wait)}
end
for i, d in ipairs(draws) do
	if d.n > 0 then
		full[i] = math.max(full[i], now + wait)
	end
	full[i] = full[i] + d.n * d.every
end
local last = math.max(unpack(full))
if last <= now then
	redis.call('DEL', KEYS[1])
	return {1, string.format('%.3f', wait)}
end
for i = 1, #full do
	full[i] = string.format('%.2f', full[i])
end
redis.call('SET', KEYS[1], table.concat(full, ' '), 'PX', math.ceil((last - now) / 1000))
return {1, string.format('%.3f', wait)}
`)
