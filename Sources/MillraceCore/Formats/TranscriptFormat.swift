/// A form in which a transcript is handed out. The raw value is the extension of such a file, without the dot.
public enum TranscriptFormat: String, Sendable, CaseIterable {
    /// Plain text in paragraphs, for readers.
    case txt
    /// WebVTT subtitles, as the W3C defines them.
    case vtt
    /// SubRip subtitles.
    case srt
    /// One JSON object on one line, with everything that is known.
    case json

    /// Writes a transcript in this form; the same transcript is the same bytes every time.
    ///
    /// The text ends with a line feed, unless it is empty: `txt` and `srt` of a transcript that says nothing are.
    /// Times come out in whole milliseconds, never negative. In subtitles each cue begins behind the one before and
    /// lasts at least a millisecond, whatever times the segments have. Control characters are dropped, in `json`
    /// they are escaped.
    public func render(_ transcript: Transcript) -> String {
        switch self {
        case .txt: PlainTextForm.render(transcript)
        case .vtt: WebVTTForm.render(transcript)
        case .srt: SubRipForm.render(transcript)
        case .json: JSONForm.render(transcript)
        }
    }
}
