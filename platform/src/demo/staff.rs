//! The first accounts of a platform: somebody at support, and an administrator.

use super::{places::Place, session::Account};
use crate::node::Node;
use interstate_auth::{Email, Phone};
use interstate_schemas::Role;
use interstate_user::api::{Accounts, NewPerson};
use serde::{Deserialize, Serialize};
use std::{
    error::Error,
    fs::{self, OpenOptions},
    io::{self, Write},
    path::{Path, PathBuf},
};

const FILE: &str = "demo-staff.json";
const SUPPORT: (&str, &str) = ("support@interstate.example", "+919000000001");
const ADMIN: (&str, &str) = ("admin@interstate.example", "+919000000002");

const FIRST_NAMES: [&str; 12] = [
    "Asha", "Vikram", "Meera", "Imran", "Lakshmi", "Gurpreet", "Ananya", "Rahul", "Fatima", "Joseph",
    "Kavya", "Suresh",
];
const LAST_NAMES: [&str; 11] = [
    "Patel",
    "Sharma",
    "Iyer",
    "Khan",
    "Reddy",
    "Singh",
    "Das",
    "Nair",
    "Kulkarni",
    "Fernandes",
    "Gowda",
];

/// The staff's accounts, and what the demonstration's passwords are made of. Kept in the data folder, readable by
/// its owner alone.
#[derive(Clone)]
pub struct Staff {
    kept: Kept,
    /// The folder, whose operator key tells the platform's time.
    pub(super) data_dir: PathBuf,
}

#[derive(Clone, Serialize, Deserialize)]
struct Kept {
    support_password: String,
    admin_password: String,
    /// Riders' and drivers' passwords are made of it, so that nobody else can sign in as one of them.
    secret: String,
    registered: bool,
}

/// Gives the platform its first staff. A restart finds them, and waits for nothing.
pub async fn staff(node: &Node) -> Result<Staff, Box<dyn Error>> {
    let dir = &node.base.data_dir;
    let mut staff = match Staff::in_folder(dir) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => {
            let staff = Staff {
                kept: Kept::new(),
                data_dir: dir.clone(),
            };
            // First the passwords: an account whose password nobody knows would be of no use.
            staff.write()?;
            staff
        }
        found => found?,
    };
    let accounts = node
        .accounts
        .clone()
        .ok_or("the user service does not run in this process")?;
    let people = staff.people()?;
    if staff.kept.registered {
        // Again nevertheless, beside everything else: the log may be newer than the folder.
        tokio::spawn(async move {
            if let Err(error) = register(&accounts, people).await {
                tracing::warn!(error, "the staff's accounts could not be looked after");
            }
        });
        return Ok(staff);
    }
    register(&accounts, people).await?;
    staff.kept.registered = true;
    staff.write()?;
    Ok(staff)
}

async fn register(accounts: &Accounts, people: [NewPerson; 2]) -> Result<(), String> {
    for person in people {
        let role = person.role;
        if let Err(problem) = accounts.register_staff(person).await {
            return Err(format!("the account for {role} was not made: {problem}"));
        }
    }
    Ok(())
}

impl Staff {
    /// Whoever the folder knows.
    pub(super) fn in_folder(dir: &Path) -> io::Result<Self> {
        let kept = serde_json::from_slice(&fs::read(dir.join(FILE))?)?;
        Ok(Self {
            kept,
            data_dir: dir.to_owned(),
        })
    }

    /// Who can sign in, for the person who tries the platform: the staff, and where their passwords are.
    pub fn logins(&self) -> String {
        format!(
            "\n  {:<16} {}, {}: POST /v1/sessions with the passwords in\n  {:<16} {}\n",
            "staff",
            SUPPORT.0,
            ADMIN.0,
            "",
            self.data_dir.join(FILE).display(),
        )
    }

    /// The same with the passwords, and with a rider and a driver of the demonstration with this seed. Everybody
    /// there is made up.
    pub fn demo_logins(&self, seed: u64) -> String {
        let Kept {
            support_password,
            admin_password,
            ..
        } = &self.kept;
        let (rider, driver) = (
            self.rider(seed, 0),
            self.driver(seed, 0, &super::places::home(0).0),
        );
        let login = |role: &str, email: &str, password: &str| {
            format!("  {:<16} {email}   {password}\n", format!("login {role}"))
        };
        [
            "\n".to_owned(),
            login("support", SUPPORT.0, support_password),
            login("admin", ADMIN.0, admin_password),
            login("rider", &rider.email, &rider.password),
            login("driver", &driver.email, &driver.password),
        ]
        .concat()
    }

    pub(super) fn support(&self) -> Account {
        Account {
            name: "Support".to_owned(),
            email: SUPPORT.0.to_owned(),
            phone: SUPPORT.1.to_owned(),
            password: self.kept.support_password.clone(),
            role: "support",
        }
    }

    /// The rider with this number. The same person in every run with the seed.
    pub(super) fn rider(&self, seed: u64, number: usize) -> Account {
        self.person("rider", seed, number, number)
    }

    /// The driver with this number, who lives there.
    pub(super) fn driver(&self, seed: u64, number: usize, home: &Place) -> Account {
        // Telephone numbers after the riders'.
        let mut account = self.person("driver", seed, number, number + 50_000);
        account.name = format!("{} ({})", account.name, home.name);
        account
    }

    fn person(&self, role: &'static str, seed: u64, number: usize, line: usize) -> Account {
        let first = FIRST_NAMES[(number + usize::from(role == "driver") * 5) % FIRST_NAMES.len()];
        let last = LAST_NAMES[number % LAST_NAMES.len()];
        Account {
            name: format!("{first} {last}"),
            email: format!("{role}-{seed}-{number}@demo.interstate.example"),
            phone: format!("+916{:04}{:05}", seed % 10_000, line % 100_000),
            password: format!("{}-{role}-{seed}-{number}", self.kept.secret),
            role,
        }
    }

    fn people(&self) -> Result<[NewPerson; 2], Box<dyn Error>> {
        let person = |name: &str, (email, phone): (&str, &str), password: &str, role| {
            Ok::<_, Box<dyn Error>>(NewPerson {
                name: name.to_owned(),
                email: email.parse::<Email>()?,
                phone: phone.parse::<Phone>()?,
                password: password.to_owned(),
                role,
            })
        };
        Ok([
            person("Support", SUPPORT, &self.kept.support_password, Role::Support)?,
            person("Administrator", ADMIN, &self.kept.admin_password, Role::Admin)?,
        ])
    }

    /// Whole, or not at all.
    fn write(&self) -> io::Result<()> {
        let draft = self.data_dir.join(format!("{FILE}.draft"));
        let _ = fs::remove_file(&draft);
        let mut options = OpenOptions::new();
        options.write(true).create_new(true);
        #[cfg(unix)]
        std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
        let mut file = options.open(&draft)?;
        file.write_all(&serde_json::to_vec_pretty(&self.kept)?)?;
        file.sync_all()?;
        fs::rename(&draft, self.data_dir.join(FILE))
    }
}

impl Kept {
    fn new() -> Self {
        let password = || format!("{:016x}", rand::random::<u64>());
        Self {
            support_password: password(),
            admin_password: password(),
            secret: password(),
            registered: false,
        }
    }
}
