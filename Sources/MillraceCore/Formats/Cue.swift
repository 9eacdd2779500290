/// What a subtitle shows from one time to another: one or two lines, none of them empty.
struct Cue: Hashable, Sendable {
    var start: MediaTime
    var end: MediaTime
    var lines: [String]
}
