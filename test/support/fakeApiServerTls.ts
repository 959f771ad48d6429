/**
 * A certificate for tests on the loopback interface: its own authority, for localhost and
 * 127.0.0.1, valid from 2024 until 2124, made with `openssl ca -selfsign`. The key protects nothing.
 */
export const TEST_CERTIFICATE = `-----BEGIN CERTIFICATE-----
MIIBejCCASCgAwIBAgIUHrw8j5YtaeFvHIf5v1CMXQoDidgwCgYIKoZIzj0EAwIw
FDESMBAGA1UEAwwJbG9jYWxob3N0MCAXDTI0MDEwMTAwMDAwMFoYDzIxMjQwMTAx
MDAwMDAwWjAUMRIwEAYDVQQDDAlsb2NhbGhvc3QwWTATBgcqhkjOPQIBBggqhkjO
PQMBBwNCAAQ/WsNqi2TjPHApiHlGjbvMCvj+gZntm+cXM3B2jGEyNeqGXHV1kCCi
Al1X1Dpgo3gLoafKIloHf7flonwJCbu4o04wTDAaBgNVHREEEzARgglsb2NhbGhv
c3SHBH8AAAEwDwYDVR0TAQH/BAUwAwEB/zAdBgNVHQ4EFgQUhEHeBfBwFr9xa0DA
iushhqVAg0gwCgYIKoZIzj0EAwIDSAAwRQIhAOgJRtwFN0+ciGyisu2VMW2p2rlY
kGqrm/xvXeSflf6nAiAOKFGE+KlYHWxTTLUCArfSzbm/UbaUb09iqKRJjSxuIg==
-----END CERTIFICATE-----
`;

export const TEST_KEY = `-----BEGIN PRIVATE KEY-----
MIGHAgEAMBMGByqGSM49AgEGCCqGSM49AwEHBG0wawIBAQQgaVt1gO2wznT92pOh
ZcKJbL5XST1w+HR8jKo/j9KmteihRANCAAQ/WsNqi2TjPHApiHlGjbvMCvj+gZnt
m+cXM3B2jGEyNeqGXHV1kCCiAl1X1Dpgo3gLoafKIloHf7flonwJCbu4
-----END PRIVATE KEY-----
`;
