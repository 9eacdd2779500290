/// What Redis knows about itself, each verb one step on the server.
enum JournalScripts {
    /// KEYS: cursor. ARGV: what the rules' key begins with. Returns the cursor, and the rules of its epoch in pairs.
    static let read = RedisScript(
        """
        local cursor = redis.call('GET', KEYS[1])
        if not cursor then return {} end
        return {cursor, redis.call('HGETALL', ARGV[1] .. string.match(cursor, '^[^:]*'))}
        """)

    /// KEYS: cursor. ARGV: the cursor that was read or nothing, the new one. Returns the one that is there now.
    static let begin = RedisScript(
        """
        local cursor = redis.call('GET', KEYS[1]) or ''
        if cursor ~= ARGV[1] then return cursor end
        redis.call('SET', KEYS[1], ARGV[2])
        return ARGV[2]
        """)

    /// KEYS: cursor. ARGV: the cursor that was read, the new one.
    static let advance = RedisScript(
        """
        if redis.call('GET', KEYS[1]) ~= ARGV[1] then return 0 end
        redis.call('SET', KEYS[1], ARGV[2])
        return 1
        """)

    /// KEYS: rules, sequence. ARGV: the time that the rules last, channel and message or nothing, then patterns and
    /// versions in turn.
    static let rule = RedisScript(
        """
        \(SlotScripts.announcing)
        for index = 4, #ARGV, 2 do
            local present = redis.call('HGET', KEYS[1], ARGV[index])
            if not present or tonumber(present) < tonumber(ARGV[index + 1]) then
                redis.call('HSET', KEYS[1], ARGV[index], ARGV[index + 1])
            end
        end
        redis.call('EXPIRE', KEYS[1], ARGV[1])
        if ARGV[2] ~= '' then announce(KEYS[2], ARGV[2], ARGV[3]) end
        return 1
        """)

    /// KEYS: rules. ARGV: pattern, version.
    static let forget = RedisScript(
        """
        if redis.call('HGET', KEYS[1], ARGV[1]) ~= ARGV[2] then return 0 end
        return redis.call('HDEL', KEYS[1], ARGV[1])
        """)

    /// KEYS: purger. ARGV: holder, milliseconds.
    static let purger = RedisScript(
        """
        local holder = redis.call('GET', KEYS[1])
        if holder and holder ~= ARGV[1] then return 0 end
        redis.call('SET', KEYS[1], ARGV[1], 'PX', ARGV[2])
        return 1
        """)
}
