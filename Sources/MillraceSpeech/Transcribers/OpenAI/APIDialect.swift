/// How requests are put to an API: not all understand the whole of OpenAI's.
///
/// Begins with what says most, in the smallest form. What an API refuses is left out, until one request is understood;
/// from then on a refusal means what it says.
struct APIDialect: Hashable, Sendable {
    /// What the answer is to tell.
    enum Detail: Hashable, Sendable {
        /// Segments and words with times.
        case words
        /// Segments with times.
        case segments
        /// The text alone.
        case text
    }

    /// What the sound is sent as.
    enum Sound: Hashable, Sendable {
        case flac
        case wav
    }

    private(set) var detail: Detail
    private(set) var sound = Sound.flac
    /// Whether a request was understood.
    var isUnderstood = false

    /// The first try for a model.
    init(model: String) {
        // OpenAI's newer models refuse every form but `json`.
        detail = model.hasPrefix("gpt-") ? .text : .words
    }

    /// What to try after a refusal (status 400, 415 or 422); `nil` when it is no matter of form.
    func simpler(after message: String) -> APIDialect? {
        guard !isUnderstood else { return nil }
        var simpler = self
        if detail == .words, message.contains("timestamp_granularit") {
            simpler.detail = .segments
        } else if detail != .text, message.contains("response_format") || message.contains("verbose_json") {
            simpler.detail = .text
        } else if sound == .flac {
            simpler.sound = .wav
        } else {
            return nil
        }
        return simpler
    }
}
