extension MetricsCollector {
    /// A floating-point number as Prometheus writes the bounds of buckets: `0.5`, `1`, `1e+06`, `+Inf`.
    ///
    /// That is the fewest digits that mean this number, and an exponent below 0.0001 and from a million on, like Go's
    /// `FormatFloat(number, 'g', -1, 64)`.
    public static func boundText(_ number: Double) -> String {
        guard number.isFinite else { return number.isNaN ? "NaN" : number < 0 ? "-Inf" : "+Inf" }
        // Swift's text has the same digits, with the point or the exponent elsewhere.
        let parts = "\(number.magnitude)".split(separator: "e")
        let mantissa = parts[0].split(separator: ".", omittingEmptySubsequences: false)
        let fraction = mantissa.count > 1 ? mantissa[1] : ""
        var digits = Array((mantissa[0] + fraction).drop { $0 == "0" })
        // How many digits stand before the point.
        var point = mantissa[0].count + (parts.count > 1 ? Int(parts[1]) ?? 0 : 0)
        point -= mantissa[0].count + fraction.count - digits.count
        while digits.last == "0" { digits.removeLast() }
        let sign = number.sign == .minus ? "-" : ""
        guard !digits.isEmpty else { return sign + "0" }
        let exponent = point - 1
        if exponent < -4 || exponent >= 6 {
            let rest = digits.count > 1 ? "." + String(digits[1...]) : ""
            let size = String(exponent.magnitude)
            return "\(sign)\(digits[0])\(rest)e\(exponent < 0 ? "-" : "+")\(size.count < 2 ? "0" : "")\(size)"
        }
        if point <= 0 { return sign + "0." + String(repeating: "0", count: -point) + String(digits) }
        if digits.count <= point { return sign + String(digits) + String(repeating: "0", count: point - digits.count) }
        return sign + String(digits[..<point]) + "." + String(digits[point...])
    }
}
