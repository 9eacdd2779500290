/// The version of Millrace.
package enum MillraceVersion {
    /// As `millrace --version` says it.
    package static let text = "0.1.0"
    /// How requests over HTTP name who sends them (RFC 9110, section 10.1.5).
    package static let userAgent = "millrace/\(text)"
}
