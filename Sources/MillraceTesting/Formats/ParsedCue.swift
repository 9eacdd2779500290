/// A cue as a reader of subtitles finds it, with its times in milliseconds and its text unescaped.
package struct ParsedCue: Equatable {
    package var start: Int64
    package var end: Int64
    package var lines: [String]

    package init(start: Int64, end: Int64, lines: [String]) {
        self.start = start
        self.end = end
        self.lines = lines
    }
}
