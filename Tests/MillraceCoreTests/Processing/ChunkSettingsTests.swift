import MillraceCore
import Testing

@Suite struct ChunkSettingsTests {
    @Test(
        "A target between 1 and 1,000,000 s is taken, and the hard limit is twice that", arguments: [1, 30, 12.5, 1e6])
    func accepts(seconds: Double) throws {
        let settings = try ChunkSettings(targetSeconds: seconds)
        #expect(settings.targetSeconds == seconds && settings.maximumSeconds == 2 * seconds)
    }

    @Test("Other targets are refused", arguments: [0, 0.999, -1, 1_000_000.1, .nan, .infinity, -.infinity])
    func refuses(seconds: Double) {
        #expect(throws: InvalidValue("chunk length", "must be between 1 and 1000000 seconds")) {
            try ChunkSettings(targetSeconds: seconds)
        }
    }

    @Test("The byte limit holds below 100,000 s and is lifted from there on")
    func byteLimit() throws {
        #expect(ChunkSettings.standard.maximumBytes == 25_000_000 && ChunkSettings.standard.targetSeconds == 30)
        #expect(try ChunkSettings(targetSeconds: 99_999).maximumBytes == 25_000_000)
        #expect(try ChunkSettings(targetSeconds: 100_000).maximumBytes == nil)
    }

    @Test(
        "The most samples keep both limits",
        arguments: [(30, 960_000), (12.5, 400_000), (50_000, 12_499_978), (100_000, 3_200_000_000)] as [(Double, Int64)]
    )
    func maximumSamples(seconds: Double, samples: Int64) throws {
        #expect(try ChunkSettings(targetSeconds: seconds).maximumSamples == samples)
    }
}
