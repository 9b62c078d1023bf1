//! Receivers for the tests of the outbound client, good and bad, and a proxy on the way to them.

use base64::{Engine, prelude::BASE64_STANDARD};
use rustls::{
    ClientConfig, RootCertStore, ServerConfig, ServerConnection, StreamOwned,
    crypto::ring::default_provider,
    pki_types::{CertificateDer, PrivateKeyDer, PrivatePkcs8KeyDer},
};
use std::{
    io::{Read, Write},
    net::SocketAddr,
    sync::Arc,
    time::Duration,
};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt, copy_bidirectional},
    net::{TcpListener, TcpStream},
    sync::mpsc::{UnboundedReceiver, unbounded_channel},
};

/// A certificate that `receiver.test` has signed for itself, valid until 2120, and its key.
const CERTIFICATE: &str = "MIIBSTCB8aADAgECAgEBMAoGCCqGSM49BAMCMBgxFjAUBgNVBAMMDXJlY2VpdmVyLnRlc3QwIBcNMjAwMTAxMDAwMDAwWhgPMjEyMDAxMDEwMDAwMDBaMBgxFjAUBgNVBAMMDXJlY2VpdmVyLnRlc3QwWTATBgcqhkjOPQIBBggqhkjOPQMBBwNCAATcbW3WlQl1phERm4v6KDaGmP9wGjmcn6E/GiCKoTjni+8uQN15iGkN1u8oR9Fer9piA+S/aWbd7XacquSCEduYoyowKDAYBgNVHREEETAPgg1yZWNlaXZlci50ZXN0MAwGA1UdEwEB/wQCMAAwCgYIKoZIzj0EAwIDRwAwRAIgMuCjbbkLzCIXhOJHRyDnSpC1mAig1qeEnQF/rfNjat4CIGuC2pucQvmyj/Mjp9dIxIPoTpj9hNiKegshp2zqW3PV";
const KEY: &str = "MIGHAgEAMBMGByqGSM49AgEGCCqGSM49AwEHBG0wawIBAQQgziRPi82H3Cy8Mz7s9AGluW2me9jIzZ5goTy9WlR7jfWhRANCAATcbW3WlQl1phERm4v6KDaGmP9wGjmcn6E/GiCKoTjni+8uQN15iGkN1u8oR9Fer9piA+S/aWbd7XacquSCEduY";

/// A receiver that treats each connection as `serve` does.
pub(super) async fn receiver<F>(serve: impl Fn(TcpStream) -> F + Send + 'static) -> SocketAddr
where
    F: Future<Output = ()> + Send + 'static,
{
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            tokio::spawn(serve(stream));
        }
    });
    address
}

/// Reads a request and begins to answer it.
pub(super) async fn begin(mut stream: TcpStream, answer: &[u8]) -> TcpStream {
    let mut buffer = [0; 4096];
    let _ = stream.read(&mut buffer).await;
    let _ = stream.write_all(answer).await;
    stream
}

/// Answers each request with `answer` and keeps the connection open. The second value tells of
/// each connection.
pub(super) async fn answering(answer: &'static [u8]) -> (SocketAddr, UnboundedReceiver<()>) {
    let (opened, connections) = unbounded_channel();
    let address = receiver(move |mut stream| {
        let _ = opened.send(());
        async move {
            let mut request = [0; 4096];
            while stream.read(&mut request).await.is_ok_and(|n| n > 0) {
                let _ = stream.write_all(answer).await;
            }
        }
    });
    (address.await, connections)
}

/// Writes `start`, and then `more` until the sender hangs up, `pause` apart. The second value
/// tells how many bytes that took.
pub(super) async fn endless(
    start: &'static [u8],
    more: &'static [u8],
    pause: Option<Duration>,
) -> (SocketAddr, UnboundedReceiver<usize>) {
    let (ended, ends) = unbounded_channel();
    let address = receiver(move |stream| {
        let ended = ended.clone();
        async move {
            let mut stream = begin(stream, start).await;
            let mut written = start.len();
            while stream.write_all(more).await.is_ok() {
                written += more.len();
                if let Some(pause) = pause {
                    tokio::time::sleep(pause).await;
                }
            }
            let _ = ended.send(written);
        }
    });
    (address.await, ends)
}

fn certificate() -> CertificateDer<'static> {
    BASE64_STANDARD.decode(CERTIFICATE).unwrap().into()
}

/// Answers over TLS as `receiver.test`.
pub(super) fn over_tls(answer: &'static [u8]) -> SocketAddr {
    with_tickets(answer, 2)
}

/// Answers over TLS, and sends so many tickets for sessions to come as soon as it is greeted.
pub(super) fn with_tickets(answer: &'static [u8], tickets: usize) -> SocketAddr {
    let key = PrivatePkcs8KeyDer::from(BASE64_STANDARD.decode(KEY).unwrap());
    let mut config = ServerConfig::builder_with_provider(Arc::new(default_provider()))
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(vec![certificate()], PrivateKeyDer::Pkcs8(key))
        .unwrap();
    config.send_tls13_tickets = tickets;
    let config = Arc::new(config);
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    std::thread::spawn(move || {
        while let Ok((stream, _)) = listener.accept() {
            let connection = ServerConnection::new(Arc::clone(&config)).unwrap();
            let mut stream = StreamOwned::new(connection, stream);
            std::thread::spawn(move || {
                let mut request = [0; 4096];
                while stream.read(&mut request).is_ok_and(|n| n > 0) {
                    let _ = stream.write_all(answer).and_then(|()| stream.flush());
                }
            });
        }
    });
    address
}

/// TLS of a sender that trusts `receiver.test`.
pub(super) fn trusting_tls() -> ClientConfig {
    let mut roots = RootCertStore::empty();
    roots.add(certificate()).unwrap();
    ClientConfig::builder_with_provider(Arc::new(default_provider()))
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_root_certificates(roots)
        .with_no_client_auth()
}

/// A proxy that answers with `answer` and, wherever it is asked to go, goes to `target`. The
/// second value tells what it was asked.
pub(super) async fn proxy(
    answer: &'static [u8],
    target: SocketAddr,
) -> (SocketAddr, UnboundedReceiver<String>) {
    let (asked, requests) = unbounded_channel();
    let address = receiver(move |mut stream| {
        let asked = asked.clone();
        async move {
            let mut head = Vec::new();
            while !head.ends_with(b"\r\n\r\n") {
                head.push(stream.read_u8().await.unwrap());
            }
            let _ = asked.send(String::from_utf8(head).unwrap());
            let _ = stream.write_all(answer).await;
            if let Ok(mut onward) = TcpStream::connect(target).await {
                let _ = copy_bidirectional(&mut stream, &mut onward).await;
            }
        }
    });
    (address.await, requests)
}
