/// The certificate of servers that tests start: for `localhost` and 127.0.0.1, signed by itself.
public enum TestCertificate {
    /// The certificate, to be trusted by the client of a test.
    public static let certificate = """
        -----BEGIN CERTIFICATE-----
        MIIBmjCCAUGgAwIBAgIUVGjz713VC+xHARQ/0IOmydeds8swCgYIKoZIzj0EAwIw
        FDESMBAGA1UEAwwJbG9jYWxob3N0MCAXDTI2MTEyNTE1MjkyN1oYDzIxMjYxMTAx
        MTUyOTI3WjAUMRIwEAYDVQQDDAlsb2NhbGhvc3QwWTATBgcqhkjOPQIBBggqhkjO
        PQMBBwNCAAS9RN4yfBfx3fWXN/vEh3hBTuMFFPBN+ZXsbBiJSZGLKcnSZTHUQdIP
        8Cku/3BRCfF/RaxEiQKrJG0HLhzcmMJ8o28wbTAdBgNVHQ4EFgQUU3E8SU/xyDkj
        36+AFvr/Uw6h8/gwHwYDVR0jBBgwFoAUU3E8SU/xyDkj36+AFvr/Uw6h8/gwDwYD
        VR0TAQH/BAUwAwEB/zAaBgNVHREEEzARgglsb2NhbGhvc3SHBH8AAAEwCgYIKoZI
        zj0EAwIDRwAwRAIgR4Cd5pSIz+/fuenD3qT2EdmJOolz2TTkN9NiQa+TDh8CICGJ
        mC+qsMLmKoSA+u5SkwjB4iIwlWf57mB51ZdYJal0
        -----END CERTIFICATE-----
        """

    /// Its key, which protects nothing.
    static let key = """
        -----BEGIN PRIVATE KEY-----
        MIGHAgEAMBMGByqGSM49AgEGCCqGSM49AwEHBG0wawIBAQQg0dXN6gsX4yxmEjhT
        jxCT7SMulpl8YVcRxlx7Sr9j4ZOhRANCAAS9RN4yfBfx3fWXN/vEh3hBTuMFFPBN
        +ZXsbBiJSZGLKcnSZTHUQdIP8Cku/3BRCfF/RaxEiQKrJG0HLhzcmMJ8
        -----END PRIVATE KEY-----
        """
}
