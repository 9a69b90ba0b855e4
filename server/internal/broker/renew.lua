-- Begins a new epoch if Redis went back in time: if it is still in the epoch
-- that the relay has seen, and does not have the publication that the relay has
-- seen there. Else the offsets in between would be given out a second time.
-- Returns 1 if it did.
--
-- KEYS  1 meta hash  2 stream
-- ARGV  1 epoch and  2 offset and  3 id of the publication seen
--       4 the new epoch  5 age of the meta hash, ms
local meta = redis.call('HMGET', KEYS[1], 'epoch', 'offset')
if meta[1] ~= ARGV[1] then
  return 0
end
if tonumber(meta[2]) >= tonumber(ARGV[2]) then
  local id = string.format('%d-0', tonumber(ARGV[2]))
  local at = redis.call('XRANGE', KEYS[2], id, id)
  if not at[1] or at[1][2][2] == ARGV[3] then
    return 0
  end
end
redis.call('DEL', KEYS[2])
redis.call('HSET', KEYS[1], 'epoch', ARGV[4], 'offset', '0', 'last', '')
redis.call('PEXPIRE', KEYS[1], ARGV[5])
return 1
