/// The labels of a series, which the specification calls tags: names with values, each name once, in the order of the names'
/// bytes.
///
/// The order in which they are given does not matter. A label without a value is the same as none, and left out.
public struct MetricLabels: Hashable, Sendable {
    /// A name with its value.
    public struct Label: Hashable, Sendable {
        /// The name.
        public let name: LabelName
        /// The value: any text without NUL, which no store of JSON takes, of 1 to 16,384 bytes.
        public let value: String

        /// Whether name and value have the same bytes.
        public static func == (left: Label, right: Label) -> Bool {
            left.name == right.name && ExactText(left.value) == ExactText(right.value)
        }

        /// Feeds the bytes.
        public func hash(into hasher: inout Hasher) {
            hasher.combine(name)
            hasher.combine(ExactText(value))
        }
    }

    /// No value is longer, in bytes.
    public static let maximumValueBytes = 16_384

    /// No labels.
    public static let none = MetricLabels(sorted: [])

    /// The labels, sorted by name.
    public let all: [Label]

    private init(sorted all: [Label]) {
        self.all = all
    }

    /// Makes labels from names and values.
    ///
    /// - Throws: ``InvalidValue`` when a name or a value is not allowed.
    public init(_ values: [String: String]) throws(InvalidValue) {
        var labels: [Label] = []
        labels.reserveCapacity(values.count)
        for (name, value) in values {
            let name = try LabelName(name)
            try Self.validate(value, of: name)
            if !value.isEmpty { labels.append(Label(name: name, value: value)) }
        }
        labels.sort { $0.name < $1.name }
        self.init(sorted: labels)
    }

    /// These labels and one more, or with another value in place of the one that the name had; an empty value takes the
    /// label away.
    ///
    /// - Throws: ``InvalidValue`` when the value is not allowed.
    public func setting(_ name: LabelName, to value: String) throws(InvalidValue) -> MetricLabels {
        try Self.validate(value, of: name)
        return value.isEmpty ? removing(name) : replacing(name, with: value)
    }

    /// These labels with a value that has been validated and is not empty.
    func replacing(_ name: LabelName, with value: String) -> MetricLabels {
        var labels = all.filter { $0.name != name }
        labels.insert(
            Label(name: name, value: value), at: labels.firstIndex { name < $0.name } ?? labels.endIndex)
        return MetricLabels(sorted: labels)
    }

    /// What labels are called by that a collector has itself.
    package static let exportedPrefix = "exported_"

    /// Refuses names that labels get in ``exported(with:)``, so that no two series become one by it.
    func validateOwn() throws(InvalidValue) {
        for label in all where label.name.text.hasPrefix(Self.exportedPrefix) {
            throw InvalidValue(
                "label \(label.name)", "must not begin with \(Self.exportedPrefix), which collectors add")
        }
    }

    /// These labels and those of a collector, which keep their names: one of these that has such a name is called
    /// `exported_` and its name, as Prometheus does it when it scrapes.
    func exported(with constants: MetricLabels) -> MetricLabels {
        guard !constants.all.isEmpty else { return self }
        var labels = constants.all
        for label in all {
            var name = label.name
            while constants[name] != nil { name = LabelName(stored: Self.exportedPrefix + name.text) }
            labels.append(Label(name: name, value: label.value))
        }
        labels.sort { $0.name < $1.name }
        return MetricLabels(sorted: labels)
    }

    /// These labels without one.
    public func removing(_ name: LabelName) -> MetricLabels {
        MetricLabels(sorted: all.filter { $0.name != name })
    }

    /// The value of a label; `nil` when there is no such label.
    public subscript(name: LabelName) -> String? {
        all.first { $0.name == name }?.value
    }

    /// Whether each label of `other` is among these, with the same value: what a query by tags asks.
    public func contains(_ other: MetricLabels) -> Bool {
        other.all.allSatisfy { all.contains($0) }
    }

    private static func validate(_ value: String, of name: LabelName) throws(InvalidValue) {
        guard value.utf8.count <= maximumValueBytes else {
            throw InvalidValue(
                "value of label \(name)", "is \(value.utf8.count) bytes long; at most \(maximumValueBytes) are allowed")
        }
        guard !value.utf8.contains(0) else { throw InvalidValue("value of label \(name)", "must not contain NUL") }
    }
}
