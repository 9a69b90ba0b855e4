-- Keeps who is present on one channel: takes what one relay has to say, removes
-- what has expired, tells the subscribers, and lists who is there. doc.go
-- explains the keys and the algorithm.
--
-- KEYS  1 connections by expiry  2 connections by arrival  3 hash of members
-- ARGV  1 Pub/Sub channel             2 generation, should this be the first call
--       3 lifetime of a member, ms    4 grace, ms
--       5 lifetime of the keys, ms    6 the most to remove, 0 for nothing
--       7 the most to list            8 number of connections to keep
--       from 9 on: the connections to keep, then changes, five arguments each:
--       what (enter, restore, leave, end), connection, identity, arrival, and
--       the value of its field: 1 or 0 for announced or not, the member's
--       JSON, a newline, the identity
--
-- Returns {generation, ms until the next one expires or -1, connections,
-- users, {connections that were to be kept or to leave and are not there},
-- {values of the members, longest present first}}.
local byExpiry, byArrival, members = KEYS[1], KEYS[2], KEYS[3]
local channel, lifetime, grace = ARGV[1], tonumber(ARGV[3]), tonumber(ARGV[4])
local kept = tonumber(ARGV[8])

local clock = redis.call('TIME')
local now = tonumber(clock[1]) * 1000 + math.floor(tonumber(clock[2]) / 1000)
local function at(ms) return string.format('%d', now + ms) end

local missing = {}

local function identityIn(value)
  return string.sub(value, string.find(value, '\n', 1, true) + 1)
end

local function tell(what, value)
  if string.sub(value, 1, 1) == '1' then
    local json = string.sub(value, 2, string.find(value, '\n', 1, true) - 1)
    redis.call('PUBLISH', channel, '{"fanlight":1,"' .. what .. '":' .. json .. '}')
  end
end

local function forget(client)
  redis.call('ZREM', byExpiry, client)
  redis.call('ZREM', byArrival, client)
  redis.call('HDEL', members, 'm:' .. client)
end

-- A connection goes; with the last of its identity, the identity leaves.
local function remove(client)
  local value = redis.call('HGET', members, 'm:' .. client)
  forget(client)
  if not value then return end
  local field = 'i:' .. identityIn(value)
  local count = tonumber(redis.call('HGET', members, field) or '')
  if count and count > 1 then
    redis.call('HSET', members, field, string.format('%d', count - 1))
  else
    redis.call('HDEL', members, field)
    tell('leave', value)
  end
end

local function enter(client, identity, arrival, value, silent)
  local before = redis.call('HGET', members, 'm:' .. client)
  if before and identityIn(before) ~= identity then
    remove(client)
    before = false
  end
  local field = 'i:' .. identity
  local state = redis.call('HGET', members, field)
  if not before then
    local count = tonumber(state or '')
    if state and not count then
      forget(string.sub(state, 2)) -- it was in its grace, and is back
    end
    redis.call('HSET', members, field, string.format('%d', (count or 0) + 1))
    if not state and not silent then
      tell('join', value)
    end
  elseif state == '~' .. client then
    redis.call('HSET', members, field, '1')
  end
  redis.call('HSET', members, 'm:' .. client, value)
  redis.call('ZADD', byExpiry, at(lifetime), client)
  redis.call('ZADD', byArrival, arrival, client)
end

local function leave(client, atOnce)
  local value = redis.call('HGET', members, 'm:' .. client)
  if not value then
    missing[#missing + 1] = client
    return
  end
  local field = 'i:' .. identityIn(value)
  local state = redis.call('HGET', members, field)
  if atOnce or (state ~= '1' and state ~= '~' .. client) then
    remove(client)
  elseif state == '1' then
    redis.call('HSET', members, field, '~' .. client)
    redis.call('ZADD', byExpiry, at(grace), client)
  end
end

-- Nearly always all are there, and one command does.
local function keep(first, last)
  if last < first then return end
  local args = {}
  for i = first, last do
    args[#args + 1] = at(lifetime)
    args[#args + 1] = ARGV[i]
  end
  if redis.call('ZADD', byExpiry, 'XX', 'CH', unpack(args)) == last - first + 1 then return end
  for i = first, last do
    if not redis.call('ZSCORE', byExpiry, ARGV[i]) then
      missing[#missing + 1] = ARGV[i]
    end
  end
end

local generation = redis.call('HGET', members, 'generation')
local count = redis.call('ZCARD', byExpiry)
if not generation or count ~= redis.call('ZCARD', byArrival)
    or (count == 0) ~= (redis.call('HLEN', members) == 1) then
  -- Nothing here yet, or Redis has evicted one of the keys.
  redis.call('DEL', byExpiry, byArrival, members)
  if #ARGV < 9 then
    return {'', -1, 0, 0, {}, {}}
  end
  generation = ARGV[2]
  redis.call('HSET', members, 'generation', generation)
end

keep(9, 8 + kept)
for i = 9 + kept, #ARGV, 5 do
  local what = ARGV[i]
  if what == 'enter' or what == 'restore' then
    enter(ARGV[i + 1], ARGV[i + 2], ARGV[i + 3], ARGV[i + 4], what == 'restore')
  else
    leave(ARGV[i + 1], what == 'end')
  end
end
if ARGV[6] ~= '0' then
  for _, client in ipairs(redis.call('ZRANGEBYSCORE', byExpiry, '-inf', at(0), 'LIMIT', '0', ARGV[6])) do
    remove(client)
  end
end
if #ARGV >= 9 then
  redis.call('PEXPIRE', byExpiry, ARGV[5])
  redis.call('PEXPIRE', byArrival, ARGV[5])
  redis.call('PEXPIRE', members, ARGV[5])
end

local left = -1
local first = redis.call('ZRANGE', byExpiry, '0', '0', 'WITHSCORES')
if first[2] then
  left = math.max(0, tonumber(first[2]) - now)
end

local list = {}
if ARGV[7] ~= '0' then
  local fields = redis.call('ZRANGE', byArrival, '0', string.format('%d', tonumber(ARGV[7]) - 1))
  for i, client in ipairs(fields) do
    fields[i] = 'm:' .. client
  end
  if #fields > 0 then
    list = redis.call('HMGET', members, unpack(fields))
  end
end
-- The hash has a field for the generation, one a connection, one an identity.
count = redis.call('ZCARD', byExpiry)
return {generation, left, count, redis.call('HLEN', members) - 1 - count, missing, list}
