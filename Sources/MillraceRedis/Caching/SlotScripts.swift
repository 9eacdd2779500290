internal import Foundation
internal import MillraceCaching

/// The transitions of ``/MillraceCaching/SharedSlot``, each one step on the server, in which all others wait: of a value
/// that nobody is to get only its version is read, however long it is.
enum SlotScripts {
    /// KEYS: slot. ARGV: token, milliseconds that it lasts, the version of a value that is of no use or nothing.
    ///
    /// Returns the slot with a value, 1 for a lease, 0 when another is there.
    static let lease = RedisScript(
        """
        \(reading)
        local slot = read(KEYS[1])
        if slot then
            local kind = string.sub(slot, 1, 1)
            if kind == 'M' then return 0 end
            if kind == 'L' then
                if string.sub(slot, 2) == ARGV[1] then return 1 end
                return 0
            end
            if string.sub(slot, 2, 9) ~= ARGV[3] then return redis.call('GET', KEYS[1]) end
        end
        redis.call('SET', KEYS[1], 'L' .. ARGV[1], 'PX', ARGV[2])
        return 1
        """)

    /// KEYS: slot. ARGV: token, the new slot, when its time is over.
    static let fill = RedisScript(
        """
        if redis.call('GETRANGE', KEYS[1], 0, 17) ~= 'L' .. ARGV[1] then return 0 end
        redis.call('SET', KEYS[1], ARGV[2], 'PXAT', ARGV[3])
        return 1
        """)

    /// KEYS: slot. ARGV: token.
    static let release = RedisScript(
        """
        if redis.call('GETRANGE', KEYS[1], 0, 17) ~= 'L' .. ARGV[1] then return 0 end
        return redis.call('DEL', KEYS[1])
        """)

    /// KEYS: slot. ARGV: token, milliseconds that it lasts from now on.
    static let renew = RedisScript(
        """
        if redis.call('GETRANGE', KEYS[1], 0, 17) ~= 'L' .. ARGV[1] then return 0 end
        return redis.call('PEXPIRE', KEYS[1], ARGV[2])
        """)

    /// KEYS: slot, sequence. ARGV: token, milliseconds that it lasts, channel, message. Returns 1
    /// when a value gave way.
    static let mark = RedisScript(
        """
        \(reading)
        \(marks)
        \(announcing)
        local slot = read(KEYS[1])
        local floor, tokens = string.rep('\\0', 8), ''
        if slot and string.sub(slot, 1, 1) == 'M' then floor, tokens = string.sub(slot, 2, 9), string.sub(slot, 10) end
        if not place(tokens, ARGV[1]) then tokens = string.sub(tokens .. ARGV[1], -16 * \(writerLimit)) end
        redis.call('SET', KEYS[1], 'M' .. floor .. tokens, 'PX', ARGV[2])
        announce(KEYS[2], ARGV[3], ARGV[4])
        if slot and string.sub(slot, 1, 1) == 'V' then return 1 end
        return 0
        """)

    /// KEYS: slot, sequence. ARGV: token, version, the new slot or nothing, when its time is over, channel, message.
    static let finish = RedisScript(
        """
        \(reading)
        \(marks)
        \(killing)
        \(announcing)
        local slot = read(KEYS[1])
        local isThere = 0
        local own = slot and string.sub(slot, 1, 1) == 'M' and place(string.sub(slot, 10), ARGV[1])
        if own then
            local floor, tokens = string.sub(slot, 2, 9), string.sub(slot, 10)
            tokens = string.sub(tokens, 1, own - 1) .. string.sub(tokens, own + 16)
            if tokens ~= '' then
                if older(floor, ARGV[2]) then floor = ARGV[2] end
                redis.call('SET', KEYS[1], 'M' .. floor .. tokens, 'KEEPTTL')
            elseif ARGV[3] ~= '' and not older(ARGV[2], floor) then
                redis.call('SET', KEYS[1], ARGV[3], 'PXAT', ARGV[4])
                isThere = 1
            else
                redis.call('DEL', KEYS[1])
            end
        else
            kill(KEYS[1], slot, ARGV[2])
        end
        announce(KEYS[2], ARGV[5], ARGV[6])
        return isThere
        """)

    /// KEYS: slots of one bucket. ARGV: for each a version, or one for all. Returns how many values are gone.
    static let kill = RedisScript(
        """
        \(reading)
        \(killing)
        local old = {}
        for index, name in ipairs(KEYS) do
            local version, slot = ARGV[index] or ARGV[1], read(name)
            if not slot or string.sub(slot, 1, 1) ~= 'V' then
                kill(name, slot, version)
            elseif older(slot, version) then
                old[#old + 1] = name
            end
        end
        if #old == 0 then return 0 end
        return redis.call('DEL', unpack(old))
        """)

    private static let writerLimit = SharedSlot<SharedToken, Data>.writerLimit

    /// A slot, of a value only its head; or nothing when what is there is none. The longest mark is shorter by one than
    /// what is read.
    private static let reading = """
        local function read(name)
            local slot = redis.call('GETRANGE', name, 0, 8)
            local kind = string.sub(slot, 1, 1)
            if kind == 'V' and string.len(slot) == 9 then return slot end
            if kind ~= 'L' and kind ~= 'M' then return nil end
            slot = redis.call('GETRANGE', name, 0, \(9 + 16 * writerLimit))
            local length = string.len(slot)
            if kind == 'L' and length == 17 then return slot end
            if kind == 'M' and length >= 25 and (length - 9) % 16 == 0 then return slot end
            return nil
        end
        """

    /// Where a token is among those of a mark.
    private static let marks = """
        local function place(tokens, token)
            for index = 1, string.len(tokens), 16 do
                if string.sub(tokens, index, index + 15) == token then return index end
            end
            return nil
        end
        """

    /// Takes away what is from before a version. Versions, the last 8 bytes of a text, are compared half by half: as one
    /// number they lose digits, and as texts they have the order of the server's language.
    private static let killing = """
        local function halves(text)
            local a, b, c, d, e, f, g, h = string.byte(text, -8, -1)
            return ((a * 256 + b) * 256 + c) * 256 + d, ((e * 256 + f) * 256 + g) * 256 + h
        end
        local function older(version, other)
            local high, low = halves(version)
            local otherHigh, otherLow = halves(other)
            return high < otherHigh or high == otherHigh and low < otherLow
        end
        local function kill(name, slot, version)
            if not slot then return 0 end
            local kind = string.sub(slot, 1, 1)
            if kind == 'L' then redis.call('DEL', name) end
            if kind == 'M' and older(string.sub(slot, 2, 9), version) then
                redis.call('SET', name, 'M' .. version .. string.sub(slot, 10), 'KEEPTTL')
            end
            if kind == 'V' and older(string.sub(slot, 2, 9), version) then
                redis.call('DEL', name)
                return 1
            end
            return 0
        end
        """

    /// Tells those who listen, with the next number.
    static let announcing = """
        local function announce(sequence, channel, message)
            redis.call('PUBLISH', channel, string.format('%.0f', redis.call('INCR', sequence)) .. ' ' .. message)
        end
        """
}
