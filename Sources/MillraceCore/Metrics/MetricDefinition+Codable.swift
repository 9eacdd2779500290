extension MetricDefinition: Codable {
    private enum Key: String, CodingKey {
        case name, kind, help, unit, buckets
    }

    /// Decodes what ``encode(to:)`` has written, and checks it as a new one.
    public init(from decoder: any Decoder) throws {
        let container = try decoder.container(keyedBy: Key.self)
        let name = try MetricName(container.decode(String.self, forKey: .name))
        let kind = try container.decode(MetricKind.self, forKey: .kind)
        let help = try container.decodeIfPresent(String.self, forKey: .help) ?? ""
        let unit = try container.decodeIfPresent(String.self, forKey: .unit)
        if kind == .histogram {
            let bounds = try container.decode([Double].self, forKey: .buckets)
            try self.init(histogram: name, help: help, unit: unit, buckets: HistogramBuckets(bounds))
        } else {
            try self.init(name, kind, help: help, unit: unit)
        }
    }

    /// Encodes an object of its parts; a part that is `nil` is left out.
    public func encode(to encoder: any Encoder) throws {
        var container = encoder.container(keyedBy: Key.self)
        try container.encode(name.text, forKey: .name)
        try container.encode(kind, forKey: .kind)
        try container.encode(help, forKey: .help)
        try container.encodeIfPresent(unit, forKey: .unit)
        try container.encodeIfPresent(buckets?.bounds, forKey: .buckets)
    }
}
