import Foundation
import Testing

@testable import MillraceSpeech

/// Files that only ffmpeg reads; `script/bootstrap --tests` installs it.
enum MediaFile {
    static let isPossible = MediaDecoder().isInstalled

    /// Makes a file from another by ffmpeg; its name decides the format.
    static func make(_ output: String, _ arguments: [String]) throws {
        let process = Process()
        process.executableURL = URL(fileURLWithPath: try ProgramLocation.find("ffmpeg"))
        process.arguments = ["-v", "error", "-nostdin", "-y"] + arguments + [output]
        try process.run()
        process.waitUntilExit()
        try #require(process.terminationStatus == 0)
    }
}
