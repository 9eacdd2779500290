/// Up to which write of the authority the shared tier has heard; kept in the tier, beside the values that it speaks of.
///
/// So a tier that comes back from an older copy of itself knows how old that is, and one that has lost everything knows
/// nothing, and begins a new epoch.
public struct SharedCursor: Hashable, Sendable {
    /// The name of an epoch, which is a part of the place of every value: what belongs to another is never found again.
    public struct Epoch: Hashable, Sendable, CustomStringConvertible {
        /// Sixteen hexadecimal digits.
        public let description: String

        /// Makes an epoch that never was.
        public static func random() -> Epoch {
            let digits = String(UInt64.random(in: .min ... .max), radix: 16)
            return Epoch(description: String(repeating: "0", count: 16 - digits.count) + digits)
        }

        private init(description: String) {
            self.description = description
        }

        fileprivate init?(_ text: Substring) {
            guard text.utf8.count == 16, text.allSatisfy({ $0.isASCII && $0.isHexDigit }) else { return nil }
            self.init(description: String(text))
        }
    }

    /// The epoch.
    public let epoch: Epoch
    /// The last version of the authority that the tier has heard of.
    public let version: Int64

    /// Describes how far the tier has heard.
    public init(epoch: Epoch, version: Int64) {
        self.epoch = epoch
        self.version = version
    }
}

extension SharedCursor: CustomStringConvertible {
    /// Reads `epoch:version`; `nil` for anything else.
    public init?(_ text: String) {
        let parts = text.split(separator: ":", omittingEmptySubsequences: false)
        guard parts.count == 2, let epoch = Epoch(parts[0]), let version = Int64(parts[1]), version >= 0 else {
            return nil
        }
        self.init(epoch: epoch, version: version)
    }

    /// `epoch:version`, as it is stored.
    public var description: String { "\(epoch):\(version)" }
}
