#!/usr/bin/env bash
# Turn a fresh Debian 12 into a machine that makes calls: scripts/provision.sh [STEP...]
#
# Without a STEP all of them run, in this order; each can be run alone, and again, without harm:
#   packages       Debian's own: Python, git, espeak-ng, PostgreSQL
#   freeswitch     FreeSWITCH and mod_python3 from its vendor; needs SIGNALWIRE_TOKEN
#   project        .venv with this project
#   env            .env with passwords of this machine's own
#   postgresql     role and database as .env names them
#   model          the French speech model (MINIBOT_MODEL: small or large; MINIBOT_MODEL_ZIP: a file)
#   ollama         Ollama and its model, only where MINIBOT_OLLAMA=1
#   configuration  freeswitch/ and dialplan/ into FreeSWITCH; its service finds the project's Python
#   sip_user       a SIP account for a softphone; prints how to log in
#   prompts        the sample voice to where FreeSWITCH plays it from
#   start          FreeSWITCH restarted, everything checked
set -euo pipefail

STEPS=(packages freeswitch project env postgresql model ollama configuration sip_user prompts start)

PROJECT=${MINIBOT_PROJECT:-$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)}
FREESWITCH_CONF=${MINIBOT_FREESWITCH_CONF:-/etc/freeswitch}
SYSTEMD=${MINIBOT_SYSTEMD:-/etc/systemd/system}
ENV_FILE=${MINIBOT_ENV_FILE:-$PROJECT/.env}
PYTHON=${MINIBOT_PYTHON:-$PROJECT/.venv/bin/python}
SIP_USER=softphone
# How psql is run as a superuser: a command line.
PSQL=${MINIBOT_PSQL:-runuser -u postgres -- psql --dbname postgres}
VENDOR=freeswitch.signalwire.com

say() { printf '== %s\n' "$*"; }
fail() { printf 'provision: %s\n' "$*" >&2; exit 2; }

needs_root() {
    [[ $EUID -eq 0 ]] || fail "step $1 must run as root: sudo $0 $1"
}

apt_install() {
    DEBIAN_FRONTEND=noninteractive apt-get install --yes --no-install-recommends "$@"
}

# The value of a variable in .env, empty where it has none.
env_value() {
    [[ -f $ENV_FILE ]] || return 0
    sed -n "s/^$1=//p" "$ENV_FILE" | tail -n 1
}

# Put NAME=VALUE into .env, in the place of the one there.
set_env() {
    local name=$1 value=$2 rest
    rest=$(grep -v "^$name=" "$ENV_FILE" || true)
    # Written in place: its owner and mode stay, so that FreeSWITCH's user can go on reading it.
    printf '%s\n%s=%s\n' "$rest" "$name" "$value" | sed '1{/^$/d}' >"$ENV_FILE"
}

# Like set_env, but a value that is there already stays.
default_env() {
    [[ -n $(env_value "$1") ]] || set_env "$1" "$2"
}

random_password() {
    head -c 24 /dev/urandom | base64 | tr -d '/+=\n'
}

psql_quoted() { sed "s/\\\\/\\\\\\\\/g; s/'/''/g; s/.*/'&'/" <<<"$1"; }
xml_escaped() { sed 's/&/\&amp;/g; s/</\&lt;/g; s/"/\&quot;/g' <<<"$1"; }

step_packages() {
    needs_root packages
    apt-get update
    apt_install ca-certificates curl git make python3 python3-venv postgresql espeak-ng
}

step_freeswitch() {
    [[ -n ${SIGNALWIRE_TOKEN:-} ]] || fail "step freeswitch needs SIGNALWIRE_TOKEN, a personal access token:" \
        "https://developer.signalwire.com/freeswitch/FreeSWITCH-Explained/Installation"
    needs_root freeswitch
    local key=/usr/share/keyrings/signalwire-freeswitch-repo.gpg
    local login=/etc/apt/auth.conf.d/freeswitch.conf
    local suite
    suite=$(sed -n 's/^VERSION_CODENAME=//p' /etc/os-release)
    # The token goes to files that only root reads, never to a command line.
    (umask 077 && printf 'machine %s login signalwire password %s\n' "$VENDOR" "$SIGNALWIRE_TOKEN" >"$login")
    curl --fail --silent --show-error --netrc-file "$login" --output "$key" \
        "https://$VENDOR/repo/deb/debian-release/signalwire-freeswitch-repo.gpg"
    printf 'deb [signed-by=%s] https://%s/repo/deb/debian-release/ %s main\n' "$key" "$VENDOR" "$suite" \
        >/etc/apt/sources.list.d/freeswitch.list
    # FreeSWITCH keeps the configuration that it finds when it is installed.
    apt-get update
    apt_install freeswitch-meta-vanilla freeswitch-conf-vanilla freeswitch-systemd \
        freeswitch-mod-python3 freeswitch-mod-event-socket freeswitch-mod-opus freeswitch-timezones
    if [[ ! -f $FREESWITCH_CONF/freeswitch.xml ]]; then
        mkdir -p "$FREESWITCH_CONF"
        cp -r /usr/share/freeswitch/conf/vanilla/. "$FREESWITCH_CONF/"
        chown -R freeswitch: "$FREESWITCH_CONF"
    fi
}

step_project() {
    [[ -x $PYTHON ]] || python3 -m venv "$PROJECT/.venv"
    "$PYTHON" -m pip install --quiet --disable-pip-version-check --editable "$PROJECT"
}

step_env() {
    [[ -f $ENV_FILE ]] || (umask 027 && printf '# Made by scripts/provision.sh; .env.example explains each.\n' >"$ENV_FILE")
    default_env DB_HOST localhost
    default_env DB_NAME minibot_freeswitch
    default_env DB_USER minibot
    default_env DB_PASSWORD "$(random_password)"
    default_env FREESWITCH_ESL_PASSWORD "$(random_password)"
    if [[ ${MINIBOT_OLLAMA:-0} != 1 ]]; then
        default_env OLLAMA_ENABLED false
    fi
    chmod o= "$ENV_FILE"
    if [[ $EUID -eq 0 ]] && getent group freeswitch >/dev/null; then
        chgrp freeswitch "$ENV_FILE"
    fi
}

step_postgresql() {
    local role name password
    role=$(env_value DB_USER) name=$(env_value DB_NAME) password=$(env_value DB_PASSWORD)
    [[ -n $role && -n $name && -n $password ]] || fail "run step env first: $ENV_FILE names no DB_USER, DB_NAME, DB_PASSWORD"
    # The values reach psql through its standard input, so that no process list shows the password.
    # shellcheck disable=SC2086  # PSQL is a command line
    $PSQL --quiet --no-psqlrc --set ON_ERROR_STOP=1 <<SQL
\\set role $(psql_quoted "$role")
\\set name $(psql_quoted "$name")
\\set password $(psql_quoted "$password")
SELECT format('CREATE ROLE %I LOGIN', :'role')
 WHERE NOT EXISTS (SELECT FROM pg_roles WHERE rolname = :'role') \\gexec
ALTER ROLE :"role" WITH LOGIN PASSWORD :'password';
SELECT format('CREATE DATABASE %I OWNER %I', :'name', :'role')
 WHERE NOT EXISTS (SELECT FROM pg_database WHERE datname = :'name') \\gexec
SQL
}

step_model() {
    local size=${MINIBOT_MODEL:-small} told
    if [[ -n ${MINIBOT_MODEL_ZIP:-} ]]; then
        told=$("$PYTHON" "$PROJECT/scripts/setup_models.py" --from "$MINIBOT_MODEL_ZIP")
    else
        told=$("$PYTHON" "$PROJECT/scripts/setup_models.py" "$size")
    fi
    printf '%s\n' "$told"
    local line
    line=$(sed -n 's/.*VOSK_MODEL_PATH=//p' <<<"$told")
    [[ -z $line ]] || set_env VOSK_MODEL_PATH "$line"
}

step_ollama() {
    if [[ ${MINIBOT_OLLAMA:-0} != 1 ]]; then
        say "ollama: left out (MINIBOT_OLLAMA=1 installs it)"
        return
    fi
    needs_root ollama
    command -v ollama >/dev/null || curl --fail --silent --show-error --location https://ollama.com/install.sh | sh
    local model
    model=$(env_value OLLAMA_MODEL)
    ollama pull "${model:-mistral:7b}"
    set_env OLLAMA_ENABLED true
}

step_configuration() {
    [[ -d $FREESWITCH_CONF ]] || fail "there is no $FREESWITCH_CONF: run step freeswitch first"
    "$PYTHON" "$PROJECT/scripts/install_freeswitch.py" --yes "$FREESWITCH_CONF"
    # FreeSWITCH's Python starts with this path: the project and what it depends on.
    local packages
    packages=$("$PYTHON" -c 'import sysconfig; print(sysconfig.get_path("purelib"))')
    mkdir -p "$SYSTEMD/freeswitch.service.d"
    printf '[Service]\nEnvironment=PYTHONPATH=%s:%s\nEnvironment=MINIBOT_ENV_FILE=%s\n' \
        "$PROJECT" "$packages" "$ENV_FILE" >"$SYSTEMD/freeswitch.service.d/minibot.conf"
    if [[ $EUID -eq 0 ]] && getent passwd freeswitch >/dev/null; then
        # Where the handler writes: turns that wait for the database, recordings, logs.
        install -d -o freeswitch -g freeswitch "$PROJECT/data" "$PROJECT/logs"
    fi
    if [[ -d /run/systemd/system ]]; then
        systemctl daemon-reload
    fi
}

step_sip_user() {
    local folder=$FREESWITCH_CONF/directory/default password
    [[ -d $folder ]] || fail "there is no $folder: run step freeswitch first"
    password=$(env_value SIP_USER_PASSWORD)
    if [[ -z $password ]]; then
        password=$(random_password)
        set_env SIP_USER_PASSWORD "$password"
    fi
    (umask 027 && cat >"$folder/$SIP_USER.xml" <<XML
<include>
  <user id="$SIP_USER">
    <params>
      <param name="password" value="$(xml_escaped "$password")"/>
    </params>
    <variables>
      <variable name="user_context" value="default"/>
      <variable name="effective_caller_id_name" value="Softphone"/>
    </variables>
  </user>
</include>
XML
    )
    if [[ $EUID -eq 0 ]] && getent passwd freeswitch >/dev/null; then
        chown freeswitch: "$folder/$SIP_USER.xml"
    fi
    # The example users of the vanilla configuration share a password that everybody knows.
    if [[ -f $FREESWITCH_CONF/vars.xml ]]; then
        sed -i "s/\"default_password=1234\"/\"default_password=$(random_password)\"/" "$FREESWITCH_CONF/vars.xml"
    fi
    say "softphone: user $SIP_USER, password $password, port 5060, server one of: $(hostname -I 2>/dev/null)"
    say "softphone: 6264 calls the sample scenario, minibot-NAME the scenario NAME"
}

step_prompts() {
    "$PYTHON" "$PROJECT/scripts/setup_audio.py" "$(env_value DEFAULT_VOICE | grep . || printf julie)"
}

step_start() {
    needs_root start
    systemctl enable --quiet freeswitch
    systemctl restart freeswitch
    "$PYTHON" "$PROJECT/scripts/check_system.py"
}

main() {
    local step known
    case ${1:-} in
        -h | --help)
            sed -n '2,/^set /{/^set /d;s/^# \{0,1\}//;p}' "${BASH_SOURCE[0]}"
            return
            ;;
    esac
    known=" ${STEPS[*]} "
    for step in "$@"; do
        [[ $known == *" $step "* ]] || fail "there is no step $step; there are: ${STEPS[*]}"
    done
    [[ $# -gt 0 ]] || set -- "${STEPS[@]}"
    for step in "$@"; do
        say "$step"
        "step_$step"
    done
}

main "$@"
