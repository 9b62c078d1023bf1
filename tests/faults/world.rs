//! All that a run is made of: two services on one Postgres, a receiver, and lines between them.

use super::{
    client::Client,
    database::Database,
    place::Place,
    proxy::{Mode, Proxy},
    receiver::Receiver,
    service::{Plan, Service, faketime},
};
use nix::sys::signal::Signal;
use serde_json::json;
use std::{sync::Arc, time::Duration};
use threadpay::{
    base::{ambient::Ambient, db::Db, ids::MerchantId},
    domain::auth::{NewApiKey, Role},
    writer::{create_key, create_merchant},
};
use tokio::task::spawn_blocking;

const MERCHANTS: usize = 4;
/// How long a start may take on a busy machine.
const PATIENCE: Duration = Duration::from_mins(1);

/// The world of a run. What it is made of goes with it, the place of it all last.
pub struct World {
    pub services: [Service; 2],
    pub to_services: [Proxy; 2],
    pub to_database: [Proxy; 2],
    pub receiver: Receiver,
    pub merchants: Vec<Merchant>,
    pub has_faketime: bool,
    pub database: Database,
    _place: Place,
}

/// A merchant at either service, each behind its proxy.
pub struct Merchant {
    pub id: MerchantId,
    pub services: [Client; 2],
    /// The endpoint that is changed while the faults rain.
    pub changing_endpoint: String,
}

impl Merchant {
    /// Gives it two endpoints: what they are sent is known by the receiver.
    pub async fn with_endpoints(
        id: MerchantId,
        services: [Client; 2],
        receiver: &Receiver,
    ) -> Self {
        let mut changing_endpoint = String::new();
        for ordering in ["none", "intent"] {
            let body = json!({"url": receiver.next_url(), "event_types": ["*"],
                "ordering": ordering});
            let made = services[0].post("/v1/callback_endpoints", &body).await;
            let endpoint = made.expect(201);
            receiver.expect(&endpoint);
            endpoint["id"]
                .as_str()
                .unwrap()
                .clone_into(&mut changing_endpoint);
        }
        Self {
            id,
            services,
            changing_endpoint,
        }
    }
}

impl World {
    pub async fn make() -> Arc<Self> {
        let made = spawn_blocking(|| {
            let place = Place::make("faults");
            let database = Database::start(&place);
            (place, database)
        });
        let (place, database) = made.await.unwrap();
        let db = Db::from_url(&database.url()).unwrap();
        db.migrate().await.unwrap();
        let url = url::Url::parse(&database.url()).unwrap();
        let postgres = format!("127.0.0.1:{}", url.port().unwrap());
        let to_database = [
            Proxy::start(postgres.parse().unwrap()).await,
            Proxy::start(postgres.parse().unwrap()).await,
        ];
        let start = |name, proxy: &Proxy| {
            let mut url = url.clone();
            url.set_port(Some(proxy.address.port())).unwrap();
            Service::start(Plan {
                name,
                place: place.path().to_owned(),
                database_url: format!("{url}?sslmode=disable"),
                public_url: "http://pay.example".to_owned(),
                is_limited: false,
                faketime: faketime(),
            })
        };
        let services = [start("a", &to_database[0]), start("b", &to_database[1])];
        let to_services = [
            Proxy::start(services[0].address).await,
            Proxy::start(services[1].address).await,
        ];
        let receiver = Receiver::start().await;
        let mut world = Self {
            services,
            to_services,
            to_database,
            receiver,
            merchants: Vec::new(),
            has_faketime: faketime().is_some(),
            database,
            _place: place,
        };
        world.wait_until_ready().await;
        for _ in 0..MERCHANTS {
            let merchant = world.new_merchant(&db).await;
            world.merchants.push(merchant);
        }
        Arc::new(world)
    }

    async fn wait_until_ready(&self) {
        let ready = async {
            for proxy in &self.to_services {
                let client = Client::new(&format!("http://{}", proxy.address));
                while client
                    .try_send(client.request("GET", "/readyz"))
                    .await
                    .is_err()
                {
                    tokio::time::sleep(Duration::from_millis(50)).await;
                }
            }
        };
        tokio::time::timeout(PATIENCE, ready).await.unwrap();
    }

    async fn new_merchant(&self, db: &Db) -> Merchant {
        let ambient = Ambient::system();
        let id = create_merchant(db, "Café Zeit", threadpay::base::mode::Mode::Test, &ambient)
            .await
            .unwrap()
            .id;
        let key = NewApiKey::generate(
            &ambient,
            id,
            threadpay::base::mode::Mode::Test,
            Role::Merchant,
        );
        create_key(db, &key, &ambient).await.unwrap();
        let services = [0, 1].map(|side| {
            let address = self.to_services[side].address;
            Client::new(&format!("http://{address}")).with_key(&key.text())
        });
        Merchant::with_endpoints(id, services, &self.receiver).await
    }

    /// Undoes whatever is not yet undone.
    pub fn heal(&self) {
        for side in [0, 1] {
            self.services[side].signal(Signal::SIGCONT);
            self.services[side].shift_clock(0);
            self.to_services[side].set(Mode::Open);
            self.to_database[side].set(Mode::Open);
        }
        self.receiver.proxy.set(Mode::Open);
        self.receiver.fail(0);
        self.database.thaw();
    }

    /// Stops everything in good order.
    pub fn stop(self) {
        let Self {
            services, database, ..
        } = self;
        for service in services {
            service.stop();
        }
        drop(database);
    }
}
