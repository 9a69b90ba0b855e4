-- Reads a channel: where it stands, and what it keeps on one side of an
-- offset. Returns {epoch, offset, last, at, now, entries}: the position and id
-- of the last publication, the id of the one at the given offset ('' when it
-- is not kept), Redis's clock in microseconds, and the stream's entries.
--
-- KEYS  1 meta hash  2 stream
-- ARGV  1 offset  2 'after' for the entries behind it, oldest first, or
--       'before' for those ahead of it, newest first (0: all)
--       3 how many at the most, or 0
local meta = redis.call('HMGET', KEYS[1], 'epoch', 'offset', 'last')
local now = redis.call('TIME')
local answer = {
  meta[1] or '', meta[2] or '0', meta[3] or '', '',
  now[1] .. string.format('%06d', tonumber(now[2])), {},
}
if not meta[1] then
  return answer
end

local offset = tonumber(ARGV[1])
if offset > 0 then
  local id = string.format('%d-0', offset)
  local at = redis.call('XRANGE', KEYS[2], id, id)
  if at[1] then
    answer[4] = at[1][2][2]
  end
end

local command = {'XRANGE', KEYS[2], string.format('%d-0', offset + 1), '+'}
if ARGV[2] == 'before' then
  command = {'XREVRANGE', KEYS[2], '+', '-'}
  if offset == 1 then
    return answer
  elseif offset > 1 then
    command[3] = string.format('%d-0', offset - 1)
  end
end
if ARGV[3] ~= '0' then
  command[5], command[6] = 'COUNT', ARGV[3]
end
answer[6] = redis.call(unpack(command))
return answer
