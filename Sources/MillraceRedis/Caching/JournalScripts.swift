/// What Redis knows about itself, each verb one step on the server.
///
/// It is one hash, so that it is lost as a whole: the cursor under the empty name, which no pattern has, and the rules of
/// its epoch under theirs. A cursor without its rules would say of all that they rule out that it counts.
enum JournalScripts {
    /// KEYS: journal. Returns names and what they stand for, in turn.
    static let read = RedisScript(
        """
        if redis.call('TYPE', KEYS[1]).ok ~= 'hash' then return {} end
        return redis.call('HGETALL', KEYS[1])
        """)

    /// KEYS: journal. ARGV: the cursor that was read or nothing, the new one. Returns the one that is there now.
    static let begin = RedisScript(
        """
        local cursor = ''
        if redis.call('TYPE', KEYS[1]).ok == 'hash' then cursor = redis.call('HGET', KEYS[1], '') or '' end
        if cursor ~= ARGV[1] then return cursor end
        redis.call('DEL', KEYS[1])
        redis.call('HSET', KEYS[1], '', ARGV[2])
        return ARGV[2]
        """)

    /// KEYS: journal, proof. ARGV: the cursor that was read, the new one.
    static let advance = RedisScript(
        """
        if redis.call('DEL', KEYS[2]) == 0 then return 0 end
        if redis.call('HGET', KEYS[1], '') ~= ARGV[1] then return 0 end
        redis.call('HSET', KEYS[1], '', ARGV[2])
        return 1
        """)

    /// KEYS: journal, sequence. ARGV: epoch, or the cursor that was read, channel and message or nothing, then patterns and
    /// versions in turn.
    static let rule = RedisScript(
        """
        \(SlotScripts.announcing)
        \(epoch)
        if epoch(KEYS[1]) == ARGV[1] or redis.call('HGET', KEYS[1], '') == ARGV[1] then
            for index = 4, #ARGV, 2 do
                local present = redis.call('HGET', KEYS[1], ARGV[index])
                if not present or tonumber(present) < tonumber(ARGV[index + 1]) then
                    redis.call('HSET', KEYS[1], ARGV[index], ARGV[index + 1])
                end
            end
        end
        if ARGV[2] ~= '' then announce(KEYS[2], ARGV[2], ARGV[3]) end
        return 1
        """)

    /// KEYS: journal. ARGV: epoch, pattern, version.
    static let forget = RedisScript(
        """
        \(epoch)
        if epoch(KEYS[1]) ~= ARGV[1] or redis.call('HGET', KEYS[1], ARGV[2]) ~= ARGV[3] then return 0 end
        return redis.call('HDEL', KEYS[1], ARGV[2])
        """)

    /// KEYS: purger. ARGV: holder, milliseconds.
    static let purger = RedisScript(
        """
        local holder = redis.call('GET', KEYS[1])
        if holder and holder ~= ARGV[1] then return 0 end
        redis.call('SET', KEYS[1], ARGV[1], 'PX', ARGV[2])
        return 1
        """)

    private static let epoch = """
        local function epoch(journal)
            return string.match(redis.call('HGET', journal, '') or '', '^[^:]*')
        end
        """
}
