-- Publishes one message: gives it the next offset, keeps it in the channel's
-- stream, sends it to the subscribers, and remembers the result under the
-- idempotency key. Returns {epoch, offset, id, duplicate}, all strings.
--
-- KEYS  1 meta hash  2 stream  3 result of the idempotency key (optional)
-- ARGV  1 Pub/Sub channel    2 epoch, should this be the channel's first message
--       3 id of the message  4 data, as JSON
--       5 history size       6 history age, ms
--       7 age of the meta hash, ms
--       8 age of the idempotency key, ms
--       9 epoch and  10 offset that the relay has seen, or '' and 0
--       11 tags, as JSON, or '' for none
local meta, stream, result = KEYS[1], KEYS[2], KEYS[3]

-- A Redis that is behind what the relay has seen went back in time: it was
-- killed before it had written everything to disk. Its offsets must not be
-- given out a second time.
if ARGV[9] ~= '' then
  local stands = redis.call('HMGET', meta, 'epoch', 'offset')
  if stands[1] == ARGV[9] and tonumber(stands[2]) < tonumber(ARGV[10]) then
    redis.call('DEL', meta, stream)
  end
end

-- The key of a message that went with its epoch protects nothing any more.
if result then
  local first = redis.call('HMGET', result, 'epoch', 'offset', 'id')
  if first[1] and first[1] == redis.call('HGET', meta, 'epoch') then
    return {first[1], first[2], first[3], '1'}
  end
end

redis.call('HSETNX', meta, 'epoch', ARGV[2])
local epoch = redis.call('HGET', meta, 'epoch')
local offset = redis.call('HINCRBY', meta, 'offset', 1)
local number = string.format('%d', offset)
local last = redis.call('HGET', meta, 'last') or ''
if offset == 1 then
  redis.call('DEL', stream)
  last = ''
end

-- Redis's clock is the one that all relays share; in microseconds.
local now = redis.call('TIME')
local time = now[1] .. string.format('%06d', tonumber(now[2]))

-- Now and then, what is past its age goes; readers leave it out anyway.
if offset % 64 == 0 then
  local oldest = tonumber(time) - tonumber(ARGV[6]) * 1000
  for _, entry in ipairs(redis.call('XRANGE', stream, '-', '+', 'COUNT', 128)) do
    if tonumber(entry[2][4]) >= oldest then
      break
    end
    redis.call('XDEL', stream, entry[1])
  end
end

local entry = {'id', ARGV[3], 'time', time, 'data', ARGV[4]}
local tags = ''
if ARGV[11] ~= '' then
  entry[7], entry[8] = 'tags', ARGV[11]
  tags = ',"tags":' .. ARGV[11]
end
redis.call('XADD', stream, 'MAXLEN', ARGV[5], number .. '-0', unpack(entry))
redis.call('HSET', meta, 'last', ARGV[3])
redis.call('PEXPIRE', stream, ARGV[6])
redis.call('PEXPIRE', meta, ARGV[7])

redis.call('PUBLISH', ARGV[1],
  '{"fanlight":1,"epoch":"' .. epoch .. '","offset":' .. number ..
  ',"prev":"' .. last .. '","id":"' .. ARGV[3] .. '","time":' .. time ..
  tags .. ',"data":' .. ARGV[4] .. '}')

if result then
  redis.call('HSET', result, 'epoch', epoch, 'offset', number, 'id', ARGV[3])
  redis.call('PEXPIRE', result, ARGV[8])
end
return {epoch, number, ARGV[3], '0'}
