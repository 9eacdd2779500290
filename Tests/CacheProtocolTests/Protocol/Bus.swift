/// Messages on their way to a node, which come in order.
struct Bus: Hashable {
    /// What was written: a version that may not be known yet, and whether it was by a rule.
    struct Message: Hashable {
        var version: UInt8
        var isRule = false
    }

    private static let free = Message(version: .max)
    private var messages = Pair(Pair(free, free), Pair(free, free))
    private(set) var count: UInt8 = 0

    mutating func send(_ message: Message) {
        self[count] = message
        count += 1
    }

    mutating func receive() -> Message {
        let message = self[0]
        for index in 1..<max(count, 1) { self[index - 1] = self[index] }
        count -= 1
        self[count] = Self.free
        return message
    }

    private subscript(index: UInt8) -> Message {
        get { messages[Int(index >> 1)][Int(index & 1)] }
        set {
            precondition(index < 4, "more messages than there are writers for")
            messages[Int(index >> 1)][Int(index & 1)] = newValue
        }
    }
}
