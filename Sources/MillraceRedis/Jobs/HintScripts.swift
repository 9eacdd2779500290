/// The steps on the window of one queue; each is one script on keys of one slot.
///
/// The state of a window is a hash: `epoch`; `cap` and `low`, the most and the least hints of a kind; and for each kind
/// that somebody asks for `h:` how far the window reaches, `m:` whether a job behind that was turned away since it was
/// last filled, and `t:` when it was last asked for. A window reaches to a place, score and identity, up to which every
/// queued job has a hint; an empty text is the beginning, `*` the end of all.
enum HintScripts {
    /// Takes hints out of the window, the first of several kinds.
    ///
    /// Keys: the state, what is in flight, the hints of each kind. Arguments: how many; then three lists, each with its
    /// length before it: what is no longer in flight, the jobs that were claimed without their hints, the jobs to leave where
    /// they are; then the suffixes of the kinds. Returns 0 when there is no window; else 1, or 2 when a kind is short of
    /// hints, and the hints.
    static let pop = RedisScript(
        """
        local at = 2
        local function list()
            local size = tonumber(ARGV[at])
            at = at + size + 1
            return at - size, at - 1
        end
        local function remove(key, first, last)
            for from = first, last, 1000 do
                redis.call('ZREM', key, unpack(ARGV, from, math.min(from + 999, last)))
            end
        end
        local limit = tonumber(ARGV[1])
        local first, last = list()
        remove(KEYS[2], first, last)
        first, last = list()
        for kind = 3, #KEYS do remove(KEYS[kind], first, last) end
        first, last = list()
        local skipped = {}
        for i = first, last do skipped[ARGV[i]] = true end
        local suffix = function(kind) return ARGV[at + kind - 3] end

        local state = redis.call('HMGET', KEYS[1], 'epoch', 'low')
        if not state[1] then return {0} end
        local now = redis.call('TIME')[1]
        local heads = {}
        for kind = 3, #KEYS do
            redis.call('HSETNX', KEYS[1], 'h:' .. suffix(kind), '')
            redis.call('HSET', KEYS[1], 't:' .. suffix(kind), now)
            local read = redis.call('ZRANGE', KEYS[kind], 0, limit + last - first, 'WITHSCORES')
            local found = {}
            for i = 1, #read, 2 do
                if not skipped[read[i]] then found[#found + 1] = {read[i], tonumber(read[i + 1])} end
            end
            if #found > 0 then heads[#heads + 1] = {kind = kind, found = found, at = 1, taken = {}} end
        end

        local function before(one, two)
            if one[2] ~= two[2] then return one[2] < two[2] end
            for i = 1, 16 do
                local left, right = string.byte(one[1], i), string.byte(two[1], i)
                if left ~= right then return left < right end
            end
            return false
        end
        local answer = {1}
        local flight = {}
        while #answer <= limit do
            local best
            for _, head in ipairs(heads) do
                local next = head.found[head.at]
                if next and (not best or before(next, best.found[best.at])) then best = head end
            end
            if not best then break end
            local next = best.found[best.at]
            best.at = best.at + 1
            best.taken[#best.taken + 1] = next[1]
            local hint = next[1] .. string.format('%017.0f', next[2]) .. suffix(best.kind)
            answer[#answer + 1] = hint
            flight[#flight + 1] = now
            flight[#flight + 1] = hint
        end
        for _, head in ipairs(heads) do
            if #head.taken > 0 then redis.call('ZREM', KEYS[head.kind], unpack(head.taken)) end
        end
        if #flight > 0 then redis.call('ZADD', KEYS[2], unpack(flight)) end

        for kind = 3, #KEYS do
            local horizon = redis.call('HGET', KEYS[1], 'h:' .. suffix(kind))
            if horizon == '' or horizon ~= '*' and redis.call('ZCARD', KEYS[kind]) < tonumber(state[2]) then
                answer[1] = 2
            end
        end
        return answer
        """)

    /// Adds hints of jobs of one kind that were just made, if the window reaches so far, and wakes those who wait for work.
    ///
    /// Keys: the state, the hints. Arguments: the channel of those who wait, or nothing; the kind's suffix; then score and
    /// identity of each. Returns how many were within reach. What is more than the window may hold goes out at its end,
    /// and it reaches no further than what is left.
    static let push = RedisScript(
        """
        local field = 'h:' .. ARGV[2]
        local state = redis.call('HMGET', KEYS[1], 'epoch', 'cap', field)
        local horizon = state[3]
        local added = {}
        if state[1] and horizon then
            local reach = horizon == '*' and math.huge or horizon == '' and -1 or tonumber(string.sub(horizon, 1, 17))
            for i = 3, #ARGV, 2 do
                if tonumber(ARGV[i]) < reach then
                    added[#added + 1] = ARGV[i]
                    added[#added + 1] = ARGV[i + 1]
                end
            end
            if #added < #ARGV - 2 then redis.call('HSET', KEYS[1], 'm:' .. ARGV[2], 1) end
        end
        if #added > 0 then
            redis.call('ZADD', KEYS[2], 'NX', unpack(added))
            local cap = tonumber(state[2])
            if redis.call('ZCARD', KEYS[2]) > cap then
                redis.call('ZREMRANGEBYRANK', KEYS[2], cap, -1)
                local kept = redis.call('ZRANGE', KEYS[2], cap - 1, cap - 1, 'WITHSCORES')
                redis.call('HSET', KEYS[1], field, string.format('%017.0f', tonumber(kept[2])) .. kept[1])
            end
        end
        if ARGV[1] ~= '' then redis.call('PUBLISH', ARGV[1], 'jobs') end
        return #added / 2
        """)

    /// Leads the queue's window, if nobody else does: puts back what has been in flight for too long, forgets kinds that
    /// nobody asks for, takes out what is too much, and tells how the others stand.
    ///
    /// Keys: the leader, the state, what is in flight. Arguments: who asks, its lease in ms, the epoch that it has begun, what the
    /// keys of hints begin with, how long a hint may be in flight, after how long a kind is forgotten, how long anything is
    /// kept, the most hints of all kinds. Returns 0 for who does not lead; 1 when there is no window of that epoch; else 2,
    /// the most and the least hints of a kind, and of each kind suffix, reach and number of hints.
    static let lead = RedisScript(
        """
        local holder = redis.call('GET', KEYS[1])
        if holder and holder ~= ARGV[1] then return {0} end
        redis.call('SET', KEYS[1], ARGV[1], 'PX', ARGV[2])
        local now = tonumber(redis.call('TIME')[1])
        local late = redis.call('ZRANGEBYSCORE', KEYS[3], '-inf', now - ARGV[5], 'LIMIT', 0, 1000)
        for _, hint in ipairs(late) do
            redis.call('ZADD', ARGV[4] .. string.sub(hint, 34), 'NX', string.sub(hint, 17, 33), string.sub(hint, 1, 16))
            redis.call('ZREM', KEYS[3], hint)
        end
        if redis.call('HGET', KEYS[2], 'epoch') ~= ARGV[3] then return {1} end

        local fields = redis.call('HGETALL', KEYS[2])
        local state = {}
        for i = 1, #fields, 2 do state[fields[i]] = fields[i + 1] end
        local sizes = {}
        local used = 0
        for field in pairs(state) do
            if string.sub(field, 1, 2) == 'h:' then
                local suffix = string.sub(field, 3)
                local key = ARGV[4] .. suffix
                if now - (state['t:' .. suffix] or 0) > tonumber(ARGV[6]) then
                    redis.call('HDEL', KEYS[2], field, 'm:' .. suffix, 't:' .. suffix)
                    redis.call('DEL', key)
                else
                    sizes[suffix] = redis.call('ZCARD', key)
                    if sizes[suffix] > 0 then used = used + 1 end
                end
            end
        end
        local cap = math.max(100, math.floor(ARGV[8] / math.max(1, used)))
        local answer = {2, cap, math.floor(cap / 3)}
        for suffix, size in pairs(sizes) do
            local key = ARGV[4] .. suffix
            local horizon = state['h:' .. suffix]
            if size > cap then
                redis.call('ZREMRANGEBYRANK', key, cap, -1)
                local kept = redis.call('ZRANGE', key, cap - 1, cap - 1, 'WITHSCORES')
                horizon = string.format('%017.0f', tonumber(kept[2])) .. kept[1]
                redis.call('HSET', KEYS[2], 'h:' .. suffix, horizon)
                size = cap
            end
            redis.call('EXPIRE', key, ARGV[7])
            answer[#answer + 1] = suffix
            answer[#answer + 1] = horizon
            answer[#answer + 1] = size
        end
        redis.call('HSET', KEYS[2], 'cap', answer[2], 'low', answer[3])
        redis.call('EXPIRE', KEYS[2], ARGV[7])
        redis.call('EXPIRE', KEYS[3], ARGV[7])
        return answer
        """)

    /// Begins a new epoch, in which the window reaches nowhere yet.
    ///
    /// Keys: the leader, the state. Arguments: who leads, the epoch, the most hints of a kind, and the least.
    static let begin = RedisScript(
        """
        if redis.call('GET', KEYS[1]) ~= ARGV[1] then return 0 end
        for _, field in ipairs(redis.call('HKEYS', KEYS[2])) do
            local sort = string.sub(field, 1, 2)
            if sort == 'h:' then redis.call('HSET', KEYS[2], field, '') end
            if sort == 'm:' then redis.call('HDEL', KEYS[2], field) end
        end
        redis.call('HSET', KEYS[2], 'epoch', ARGV[2], 'cap', ARGV[3], 'low', ARGV[4])
        return 1
        """)

    /// Adds hints behind those that are there, and lets the window reach further.
    ///
    /// Keys: the state, the hints. Arguments: the epoch, the kind's suffix, how far the window reached when the jobs were
    /// read, how far it reaches with the last of them, whether that is the end of all (`*`), and score and identity of
    /// each. Without hints it moves the reach alone. Returns 0 when it reaches elsewhere by now.
    static let fill = RedisScript(
        """
        local field = 'h:' .. ARGV[2]
        local state = redis.call('HMGET', KEYS[1], 'epoch', field, 'm:' .. ARGV[2])
        if state[1] ~= ARGV[1] or state[2] ~= ARGV[3] then return 0 end
        if #ARGV > 5 then
            redis.call('ZADD', KEYS[2], 'NX', unpack(ARGV, 6))
            return 1
        end
        redis.call('HDEL', KEYS[1], 'm:' .. ARGV[2])
        redis.call('HSET', KEYS[1], field, ARGV[5] == '*' and not state[3] and '*' or ARGV[4])
        return 1
        """)
}
