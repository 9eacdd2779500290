public import ArgumentParser
public import Millrace

extension JobStatus: ExpressibleByArgument {
    /// Reads a status, in capitals or not.
    public init?(argument: String) {
        self.init(rawValue: argument.uppercased())
    }
}

extension ProcessingStatus: ExpressibleByArgument {
    /// Reads a status, in capitals or not.
    public init?(argument: String) {
        self.init(rawValue: argument.uppercased())
    }
}

extension JobPriority: ExpressibleByArgument {
    /// Reads 1, 2 or 3.
    public init?(argument: String) {
        guard let number = Int(argument) else { return nil }
        self.init(rawValue: number)
    }
}

extension QueueName: ExpressibleByArgument {
    /// Reads the name of a queue.
    public init?(argument: String) {
        try? self.init(argument)
    }
}

extension JobType: ExpressibleByArgument {
    /// Reads the name of a type.
    public init?(argument: String) {
        try? self.init(argument)
    }
}
