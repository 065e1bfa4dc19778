//! One thread's connections to pods, kept open between requests.

use super::invoke::Upload;
use http::header::HeaderValue;
use hyper::client::conn::http1::{self, SendRequest};
use hyper_util::rt::TokioIo;
use std::cell::RefCell;
use std::collections::HashMap;
use std::net::SocketAddr;
use std::rc::Rc;
use std::time::{Duration, Instant};
use tokio::net::TcpStream;

/// Shorter than any server's own patience, so that it is we who close an unused connection.
const IDLE: Duration = Duration::from_secs(15);

#[derive(Clone, Default)]
pub(super) struct Pool {
    hosts: Rc<RefCell<HashMap<SocketAddr, Host>>>,
}

struct Host {
    /// What the `Host` header says to this pod.
    name: HeaderValue,
    /// Used last, reused first: the others age and are closed.
    idle: Vec<(SendRequest<Upload>, Instant)>,
}

impl Host {
    fn new(address: SocketAddr) -> Self {
        let name = HeaderValue::from_str(&address.to_string()).expect("an address is digits and dots");
        Host { name, idle: Vec::new() }
    }
}

/// A connection that serves one request, and goes back when that is over.
pub(super) struct Connection {
    pub(super) sender: SendRequest<Upload>,
    pub(super) reused: bool,
    address: SocketAddr,
    pool: Pool,
}

impl Pool {
    /// An idle connection, if there is one.
    pub(super) fn reuse(&self, address: SocketAddr) -> Option<Connection> {
        let mut hosts = self.hosts.borrow_mut();
        let host = hosts.get_mut(&address)?;
        while let Some((sender, _)) = host.idle.pop() {
            if !sender.is_closed() {
                return Some(Connection { sender, reused: true, address, pool: self.clone() });
            }
        }
        None
    }

    pub(super) async fn connect(&self, address: SocketAddr) -> Result<Connection, super::reply::BoxError> {
        let stream = TcpStream::connect(address).await?;
        stream.set_nodelay(true)?;
        let (sender, connection) = http1::Builder::new().handshake(TokioIo::new(stream)).await?;
        let pool = self.clone();
        tokio::task::spawn_local(async move {
            // Its request learns of an error by itself.
            let _ = connection.with_upgrades().await;
            pool.sweep(address, Instant::now());
        });
        Ok(Connection { sender, reused: false, address, pool: self.clone() })
    }

    pub(super) fn host_header(&self, address: SocketAddr) -> HeaderValue {
        self.hosts.borrow_mut().entry(address).or_insert_with(|| Host::new(address)).name.clone()
    }

    /// Closes what nobody used lately; for ever.
    pub(super) async fn keep_tidy(self) {
        loop {
            tokio::time::sleep(IDLE / 2).await;
            let now = Instant::now();
            let addresses: Vec<SocketAddr> = self.hosts.borrow().keys().copied().collect();
            addresses.into_iter().for_each(|address| self.sweep(address, now));
        }
    }

    fn sweep(&self, address: SocketAddr, now: Instant) {
        let mut hosts = self.hosts.borrow_mut();
        if let Some(host) = hosts.get_mut(&address) {
            host.idle.retain(|(sender, since)| !sender.is_closed() && now.duration_since(*since) < IDLE);
            if host.idle.is_empty() {
                hosts.remove(&address);
            }
        }
    }
}

impl Connection {
    /// Its reply was read to the end: the next request may have it.
    pub(super) fn put_back(self, now: Instant) {
        if self.sender.is_closed() {
            return;
        }
        let mut hosts = self.pool.hosts.borrow_mut();
        hosts.entry(self.address).or_insert_with(|| Host::new(self.address)).idle.push((self.sender, now));
    }
}
